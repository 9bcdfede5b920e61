// LargeTier::try_resize: in place, into the free run behind, by moving pages; never by copying.
#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"
#include "large/large_tier.h"

namespace hakmem {
namespace {

constexpr std::uint64_t kResizeStamp = 99;

class LargeResizeTest : public DomainTest {
 protected:
  LargeResizeTest() { EXPECT_TRUE(domain_->ensure_initialised()); }
  LargeTier& large() { return domain_->large; }
  LargeBlock& take(std::size_t request, std::size_t align = kMinAlignBytes) {
    LargeBlock* const block = large().allocate(request, align);
    EXPECT_NE(block, nullptr) << request;
    write_stamp(block->user.unsafe_bytes(), request, kResizeStamp);
    return *block;
  }
  /// Resizes; expects the contents up to the smaller size, and a sound tier.
  bool resize(LargeBlock& block, std::size_t from, std::size_t to) {
    const bool resized = large().try_resize(block, to);
    const std::size_t kept = resized && to < from ? to : from;
    EXPECT_TRUE(stamp_is_whole(block.user.unsafe_bytes(), from, kept, kResizeStamp));
    EXPECT_TRUE(!resized || block.usable() >= to);
    EXPECT_TRUE(large().verify());
    EXPECT_EQ(&slabs().map.lookup(block.user.address()).large(), &block);
    return resized;
  }
};

TEST_F(LargeResizeTest, ARunGrowsInPlaceIntoFreeSpace) {
  LargeBlock& block = take(100000);
  const Address user = block.user.address();
  EXPECT_TRUE(resize(block, 100000, 300000));
  EXPECT_EQ(block.user.address(), user);
  large().release(block);
}

TEST_F(LargeResizeTest, ARunWithAUsedNeighbourDoesNotGrow) {
  LargeBlock& block = take(100000);
  LargeBlock& neighbour = take(100000);
  const std::size_t usable = block.usable();
  EXPECT_FALSE(resize(block, 100000, 300000));
  EXPECT_EQ(block.usable(), usable);
  large().release(neighbour);
  EXPECT_TRUE(resize(block, 100000, 250000)) << "its neighbour is gone";
  large().release(block);
}

TEST_F(LargeResizeTest, ARunShrinksInPlaceAndItsTailIsFree) {
  LargeBlock& block = take(400000);
  const Address user = block.user.address();
  EXPECT_TRUE(resize(block, 400000, 100000));
  EXPECT_EQ(block.user.address(), user);
  EXPECT_EQ(large().stats().live_bytes, block.bytes);
  LargeBlock& other = take(200000);
  EXPECT_GE(other.base, block.base + block.bytes);
  EXPECT_TRUE(stamp_is_whole(block.user.unsafe_bytes(), 400000, 100000, kResizeStamp));
  large().release(block);
  large().release(other);
}

TEST_F(LargeResizeTest, ATailOfOneGranuleIsFreeToo) {
  LargeBlock& block = take(7 * kGranuleBytes - kPageBytes);
  const std::size_t free_before = large().stats().free_run_bytes;
  EXPECT_TRUE(resize(block, 7 * kGranuleBytes - kPageBytes, 6 * kGranuleBytes - kPageBytes));
  EXPECT_EQ(large().stats().free_run_bytes, free_before + kGranuleBytes);
  large().release(block);
}

TEST_F(LargeResizeTest, WithinItsPagesNothingChanges) {
  LargeBlock& block = take(100000);
  const std::size_t usable = block.usable();
  EXPECT_TRUE(resize(block, 100000, usable));
  EXPECT_EQ(block.usable(), usable);
  large().release(block);
}

TEST_F(LargeResizeTest, AMappingGrowsAndShrinksAndKeepsItsContents) {
  constexpr std::size_t kFirst = kRunBytesMax + 2 * kMiB;
  LargeBlock& block = take(kFirst);
  EXPECT_TRUE(resize(block, kFirst, 4 * kFirst));
  EXPECT_EQ(large().stats().mapped_bytes, block.bytes);
  EXPECT_TRUE(resize(block, kFirst, kFirst - kMiB));
  EXPECT_EQ(large().stats().mapped_bytes, block.bytes);
  large().release(block);
}

TEST_F(LargeResizeTest, AMappingThatCannotGrowInPlaceMovesItsPages) {
  constexpr std::size_t kFirst = kRunBytesMax + 2 * kMiB;
  LargeBlock& block = take(kFirst);
  const Address user = block.user.address();
  os::plan_faults_for_test({.fail_nth = 1});  // the attempt in place
  EXPECT_TRUE(resize(block, kFirst, 2 * kFirst));
  os::plan_faults_for_test({});
  EXPECT_NE(block.user.address(), user);
  const MapEntry old_entry = slabs().map.lookup(user);
  EXPECT_FALSE(old_entry.is_ours() && old_entry.kind() == GranuleKind::Large &&
               &old_entry.large() == &block && !block.contains(user));
  large().release(block);
}

TEST_F(LargeResizeTest, WhateverCallFailsTheBlockIsAsItWas) {
  constexpr std::size_t kFirst = kRunBytesMax + 2 * kMiB;
  LargeBlock& block = take(kFirst);
  for (std::uint64_t n = 1; n <= 6; ++n) {
    const std::size_t usable = block.usable();
    os::plan_faults_for_test({.fail_from = n});
    const bool resized = resize(block, kFirst, 2 * kFirst);
    os::plan_faults_for_test({});
    EXPECT_TRUE(resized || block.usable() == usable) << n;
    EXPECT_TRUE(!resized || resize(block, kFirst, kFirst)) << n;
  }
  large().release(block);
}

TEST_F(LargeResizeTest, ABlockDoesNotChangeBetweenRunAndMapping) {
  LargeBlock& run = take(kRunBytesMax / 2);
  EXPECT_FALSE(resize(run, kRunBytesMax / 2, kRunBytesMax + kMiB));
  LargeBlock& mapping = take(kRunBytesMax + kMiB);
  EXPECT_FALSE(resize(mapping, kRunBytesMax + kMiB, kRunBytesMax / 2));
  large().release(run);
  large().release(mapping);
}

TEST_F(LargeResizeTest, ImpossibleSizesAreRefused) {
  LargeBlock& block = take(kRunBytesMax + kMiB);
  for (const std::size_t bytes : {SIZE_MAX, kRequestMax, kRequestMax - kPageBytes,
                                  std::size_t{1} << 50}) {
    EXPECT_FALSE(resize(block, kRunBytesMax + kMiB, bytes)) << bytes;
  }
  large().release(block);
}

TEST_F(LargeResizeTest, AWidelyAlignedMappingIsNotMovedOffItsAlignment) {
  constexpr std::size_t kAlign = 64 * kMiB;
  LargeBlock& block = take(kRunBytesMax + kMiB, kAlign);
  ASSERT_EQ(block.user.address() % kAlign, 0u);
  os::plan_faults_for_test({.fail_nth = 1});
  const bool resized = large().try_resize(block, 2 * kRunBytesMax + kMiB);
  os::plan_faults_for_test({});
  // Without front bytes the tier cannot know what was asked for; realloc() promises 16 bytes.
  EXPECT_EQ(resized, kFrontBytes == 0);
  EXPECT_EQ(block.user.address() % (kFrontBytes == 0 ? kMinAlignBytes : kAlign), 0u);
  large().release(block);
}

}  // namespace
}  // namespace hakmem
