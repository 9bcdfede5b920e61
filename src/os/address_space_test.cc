#include "os/address_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "os/os_fake.h"
#include "os/resource_limit_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kReserve = 64 * kGranuleBytes;

struct Range {
  Address begin, end;
};

/// Expects that no two ranges overlap.
void expect_disjoint(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < ranges.size(); ++i) EXPECT_LE(ranges[i - 1].end, ranges[i].begin);
}

class AddressSpaceTest : public testing::Test {
 protected:
  AddressSpaceTest() { os::plan_faults_for_test({}); }
  ~AddressSpaceTest() override { os::plan_faults_for_test({}); }

  std::byte* take(std::size_t bytes, std::size_t align) {
    std::byte* const memory = space_.take(bytes, align);
    EXPECT_NE(memory, nullptr);
    if (memory == nullptr) return nullptr;
    EXPECT_EQ(memory[0], std::byte{0});
    memory[0] = memory[bytes - 1] = std::byte{1};
    const Address begin = reinterpret_cast<Address>(memory);
    ranges_.push_back({begin, begin + bytes});
    return memory;
  }
  AddressSpace space_{kReserve};
  std::vector<Range> ranges_;
};

TEST_F(AddressSpaceTest, RangesAreAlignedZeroedAndDisjoint) {
  space_.initialise();
  for (std::size_t i = 1; i <= 60; ++i) {
    const std::size_t align = kGranuleBytes << i % 6;
    const std::byte* const memory = take((i % 9 + 1) * kGranuleBytes, align);
    EXPECT_EQ(reinterpret_cast<Address>(memory) % align, 0u);
  }
  expect_disjoint(ranges_);
}

TEST_F(AddressSpaceTest, ManyRangesComeOutOfOneReservation) {
  space_.initialise();
  os::plan_faults_for_test({});
  for (std::size_t i = 0; i < 32; ++i) take(kGranuleBytes, kGranuleBytes);
  EXPECT_LE(os::calls_counted_for_test(), 5u) << "a map and the trims that alignment needs";
}

TEST_F(AddressSpaceTest, ARangeMayBeLargerThanTheReservation) {
  space_.initialise();
  take(3 * kReserve, kGranuleBytes);
  take(2 * kReserve, 2 * kReserve);
  take(kGranuleBytes, kGranuleBytes);
  expect_disjoint(ranges_);
}

TEST_F(AddressSpaceTest, WhenTheReservationIsRefusedTheRangeAloneIsMapped) {
  space_.initialise();
  os::plan_faults_for_test({.fail_nth = 1});
  take(kGranuleBytes, kGranuleBytes);
  EXPECT_EQ(os::faults_planted_for_test(), 1u);
}

TEST_F(AddressSpaceTest, WhenEverythingIsRefusedTheAnswerIsNullAndTheNextTryWorks) {
  space_.initialise();
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_EQ(space_.take(kGranuleBytes, kGranuleBytes), nullptr);
  os::plan_faults_for_test({});
  take(kGranuleBytes, kGranuleBytes);
}

TEST_F(AddressSpaceTest, AReservationIsNotGivenBack) {
  space_.initialise();
  if (space_.scarce()) GTEST_SKIP() << "SKIPPED: this machine limits address space";
  std::byte* const memory = take(kGranuleBytes, kGranuleBytes);
  EXPECT_FALSE(space_.give_back(memory, kGranuleBytes));
  memory[0] = std::byte{2};
}

TEST_F(AddressSpaceTest, ScarceSpaceIsMappedRangeByRangeAndGivenBack) {
  const AddressSpaceLimit limit;
  space_.initialise();
  ASSERT_TRUE(space_.scarce());
  for (std::size_t i = 1; i <= 8; ++i) {
    const std::byte* const memory = take(i * kGranuleBytes, 8 * kGranuleBytes);
    EXPECT_EQ(reinterpret_cast<Address>(memory) % kGranuleBytes, 0u);
  }
  expect_disjoint(ranges_);
  for (const Range& range : ranges_) {
    EXPECT_TRUE(space_.give_back(reinterpret_cast<std::byte*>(range.begin),
                                 range.end - range.begin));
  }
}

TEST_F(AddressSpaceTest, ThreadsGetDisjointRanges) {
  space_.initialise();
  constexpr std::size_t kThreads = 4, kEach = 60;
  std::vector<std::vector<Range>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) {
          const std::size_t bytes = (i % 5 + 1) * kGranuleBytes;
          const Address begin = reinterpret_cast<Address>(space_.take(bytes, kGranuleBytes));
          taken[t].push_back({begin, begin + bytes});
        }
      });
    }
  }
  for (const auto& ranges : taken) ranges_.insert(ranges_.end(), ranges.begin(), ranges.end());
  EXPECT_EQ(ranges_.size(), kThreads * kEach);
  expect_disjoint(ranges_);
}

}  // namespace
}  // namespace hakmem
