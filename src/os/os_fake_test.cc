#include "os/os_fake.h"

#include <gtest/gtest.h>

#include "os/os.h"

namespace hakmem::os {
namespace {

class OsFake : public testing::Test {
 protected:
  ~OsFake() override { plan_faults_for_test({}); }
  /// Maps and unmaps once each; true for each that the system granted.
  bool map_works() {
    std::byte* const memory = map(kPageBytes, Access::ReadWrite);
    if (memory == nullptr) return false;
    last_ = memory;
    return true;
  }
  bool unmap_works() { return unmap(last_, kPageBytes); }
  std::byte* last_ = nullptr;
};

TEST_F(OsFake, WithoutAPlanNothingFailsAndCallsAreCounted) {
  plan_faults_for_test({});
  EXPECT_TRUE(map_works());
  EXPECT_TRUE(unmap_works());
  EXPECT_EQ(calls_counted_for_test(), 2u);
  EXPECT_EQ(faults_planted_for_test(), 0u);
}

TEST_F(OsFake, TheNthCallFailsAndNoOther) {
  for (std::uint64_t n = 1; n <= 4; ++n) {
    plan_faults_for_test({.fail_nth = n});
    for (std::uint64_t call = 1; call <= 4; ++call) EXPECT_EQ(map_works(), call != n) << n;
    EXPECT_EQ(faults_planted_for_test(), 1u);
    EXPECT_EQ(calls_counted_for_test(), 4u);
  }
}

TEST_F(OsFake, EveryCallFailsFromTheNthOn) {
  plan_faults_for_test({.fail_from = 3});
  for (std::uint64_t call = 1; call <= 5; ++call) EXPECT_EQ(map_works(), call < 3);
  EXPECT_FALSE(unmap_works());
  EXPECT_EQ(faults_planted_for_test(), 4u);
}

TEST_F(OsFake, SparedReleasesNeitherFailNorCount) {
  plan_faults_for_test({.fail_from = 2, .spare_releases = true});
  EXPECT_TRUE(map_works());
  EXPECT_TRUE(discard(last_, kPageBytes));
  EXPECT_TRUE(unmap_works());
  EXPECT_EQ(calls_counted_for_test(), 1u);
  EXPECT_FALSE(map_works());
}

TEST_F(OsFake, EveryKindOfCallCanFail) {
  plan_faults_for_test({});
  std::byte* const memory = map(4 * kPageBytes, Access::ReadWrite);
  std::byte* const target = map(4 * kPageBytes, Access::ReadWrite);
  memory[0] = std::byte{9};
  plan_faults_for_test({.fail_from = 1});
  EXPECT_EQ(map(kPageBytes, Access::ReadOnly), nullptr);
  EXPECT_EQ(map_aligned(kPageBytes, kGiB), nullptr);
  EXPECT_FALSE(unmap(memory, kPageBytes));
  EXPECT_FALSE(resize_in_place(memory, 4 * kPageBytes, kPageBytes));
  EXPECT_FALSE(move_pages(memory, 4 * kPageBytes, target, 4 * kPageBytes));
  EXPECT_FALSE(make_writable(memory, kPageBytes));
  EXPECT_FALSE(discard(memory, kPageBytes));
  EXPECT_EQ(memory[0], std::byte{9}) << "a refused call changes nothing";
  EXPECT_EQ(faults_planted_for_test(), 7u);
}

TEST_F(OsFake, ALedgerUnmapsWhatIsLeft) {
  std::byte* kept = nullptr;
  {
    const MappingLedger ledger;
    kept = map(8 * kPageBytes, Access::ReadWrite);
    std::byte* const moved = map(kPageBytes, Access::ReadWrite);
    std::byte* const target = map(2 * kPageBytes, Access::ReadWrite);
    EXPECT_TRUE(unmap(kept + 2 * kPageBytes, kPageBytes));  // a hole: two ranges are left
    EXPECT_TRUE(move_pages(moved, kPageBytes, target, 2 * kPageBytes));
    EXPECT_TRUE(resize_in_place(target, 2 * kPageBytes, kPageBytes));
    EXPECT_EQ(ledger.mapped_bytes(), 8 * kPageBytes);
    kept[0] = std::byte{1};
  }
  EXPECT_FALSE(discard(kept, kPageBytes)) << "it is still mapped";
  EXPECT_FALSE(discard(kept + 7 * kPageBytes, kPageBytes)) << "it is still mapped";
}

TEST_F(OsFake, WhatWasMappedBeforeALedgerStays) {
  std::byte* const before = map(kPageBytes, Access::ReadWrite);
  {
    const MappingLedger ledger;
    EXPECT_EQ(ledger.mapped_bytes(), 0u);
  }
  EXPECT_TRUE(discard(before, kPageBytes));
  EXPECT_TRUE(unmap(before, kPageBytes));
}

}  // namespace
}  // namespace hakmem::os
