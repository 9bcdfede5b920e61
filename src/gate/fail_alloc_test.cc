// Which numbers fail: the options alone decide.
#include "gate/fail_alloc.h"

#include <gtest/gtest.h>

#include <vector>

namespace hakmem {
namespace {

std::vector<int> failing(const Options& options, std::uint64_t seed, int count) {
  FailurePlan plan;
  plan.configure(options, seed);
  std::vector<int> numbers;
  for (int i = 1; i <= count; ++i) {
    if (plan.due()) numbers.push_back(i);
  }
  EXPECT_EQ(plan.failed(), numbers.size());
  return numbers;
}

TEST(FailurePlan, NothingFailsUnlessAsked) {
  EXPECT_TRUE(failing({}, 1, 1000).empty());
  FailurePlan plan;
  EXPECT_FALSE(plan.on());
  EXPECT_EQ(plan.asked(), 0u);
}

TEST(FailurePlan, TheNthAndEveryNth) {
  EXPECT_EQ(failing({.fail_alloc = 3}, 1, 100), std::vector<int>{3});
  EXPECT_EQ(failing({.fail_alloc_every = 30}, 1, 100), (std::vector<int>{30, 60, 90}));
  EXPECT_EQ(failing({.fail_alloc = 1, .fail_alloc_every = 50}, 1, 100),
            (std::vector<int>{1, 50, 100}));
}

TEST(FailurePlan, ChanceIsTheSeeds) {
  const Options some{.fail_alloc_ppm = 100000};
  EXPECT_EQ(failing(some, 7, 1000), failing(some, 7, 1000));
  EXPECT_NE(failing(some, 7, 1000), failing(some, 8, 1000));
  Options seeded = some;
  seeded.fail_alloc_seed = 7;
  EXPECT_EQ(failing(seeded, 8, 1000), failing(some, 7, 1000));
  const std::size_t count = failing(some, 7, 100000).size();
  EXPECT_GT(count, 9000u);
  EXPECT_LT(count, 11000u);
  EXPECT_EQ(failing({.fail_alloc_ppm = 1000000}, 7, 50).size(), 50u);
}

}  // namespace
}  // namespace hakmem
