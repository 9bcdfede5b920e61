#include "base/counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace hakmem {
namespace {

TEST(Counter, CountsAndCountsBack) {
  Counter counter;
  EXPECT_EQ(counter.read(), 0u);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.read(), 42u);
  counter.add(static_cast<std::uint64_t>(-2));
  EXPECT_EQ(counter.read(), 40u);
}

TEST(Counter, AReaderSeesItGrowAndNeverTorn) {
  constexpr std::uint64_t kStep = 0x100000001;  // both halves change at once
  constexpr std::uint64_t kSteps = 20000;
  Counter counter;
  const std::jthread writer([&] {
    for (std::uint64_t i = 0; i < kSteps; ++i) counter.add(kStep);
  });
  std::uint64_t last = 0;
  while (last != kSteps * kStep) {
    const std::uint64_t now = counter.read();
    ASSERT_EQ(now % kStep, 0u);
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace hakmem
