// Heaps whose threads are gone: adopted with their live blocks, which others then free.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

constexpr ClassIndex kAdoptedClass = class_for(1024);
constexpr std::size_t kAdoptedCapacity = capacity_of(kAdoptedClass);

class AdoptionTest : public SlabDomainTest {
 protected:
  std::vector<SlabBase> take_many(Heap& heap, std::size_t count) {
    std::vector<SlabBase> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(take(heap, kAdoptedClass));
    return blocks;
  }
  /// Free by address alone, as a thread on `heap` does it.
  void give_by_owner(Heap& heap, SlabBase block) {
    if (slab_of(block).shared_owner.load() == &heap) {
      give(heap, block);
    } else {
      give_remote(block);
    }
  }

  Heap& left_ = new_heap();
  Heap& heir_ = new_heap();
};

TEST_F(AdoptionTest, WithoutAnAbandonedHeapThereIsNothingToAdopt) {
  EXPECT_FALSE(adopt_abandoned(slabs(), heir_));
  EXPECT_EQ(heir_.stats.heaps_adopted.read(), 0u);
}

TEST_F(AdoptionTest, AllSuperSlabsChangeTheirOwnerWithTheirLiveBlocks) {
  const std::vector<SlabBase> blocks = take_many(left_, 2 * kAdoptedCapacity + 1);
  slabs().registry.leave(left_);
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  EXPECT_FALSE(left_.has_memory());
  EXPECT_EQ(left_.state, HeapState::Vacant);
  EXPECT_TRUE(heir_.has_memory());
  for (const SlabBase block : blocks) {
    EXPECT_EQ(slab_of(block).shared_owner.load(), &heir_);
    EXPECT_NE(slab_of(block).state, SlabState::Active) << "nobody pops from it yet";
  }
  EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
  EXPECT_EQ(verify_heap(left_), SlabDefect::None);
  for (const SlabBase block : blocks) give_by_owner(heir_, block);
  shed(slabs(), heir_);
  EXPECT_FALSE(heir_.has_memory()) << "not one block was lost";
}

TEST_F(AdoptionTest, RemoteFreesOfTheLeftHeapAreDrainedBeforeItIsBound) {
  const std::vector<SlabBase> blocks = take_many(left_, kAdoptedCapacity + 1);
  give_remote(blocks[0]);
  slabs().registry.leave(left_);
  give_remote(blocks[1]);
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  EXPECT_EQ(slab_of(blocks[0]).used, kAdoptedCapacity - 2);
  EXPECT_EQ(slab_of(blocks[0]).state, SlabState::Partial);
  EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
}

TEST_F(AdoptionTest, AFreeThatReadTheOldOwnerIsForwarded) {
  const std::vector<SlabBase> blocks = take_many(left_, kAdoptedCapacity + 1);
  Slab& slab = slab_of(blocks[0]);
  slabs().registry.leave(left_);
  // A pusher between its push and its announcement, while the slab is adopted:
  ASSERT_TRUE(slab.shared_remote.push({blocks[0], blocks[0], 1}));
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  left_.shared_pending[index_of(kAdoptedClass)].push(slab);
  EXPECT_FALSE(drain_all(slabs(), heir_)) << "the heir has not heard of it";
  EXPECT_EQ(&new_heap(), &left_);
  EXPECT_TRUE(drain_all(slabs(), left_));
  EXPECT_EQ(slab.used, kAdoptedCapacity) << "who drains the old list must not touch the slab";
  EXPECT_TRUE(drain_all(slabs(), heir_));
  EXPECT_EQ(slab.used, kAdoptedCapacity - 1);
  EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
}

TEST_F(AdoptionTest, ABinThatWasNeverUsedAgainIsReleasedByTheAdoption) {
  const SlabBase block = take(left_, kAdoptedClass);
  give(left_, block);
  slabs().registry.leave(left_);
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  EXPECT_EQ(slab_of(block).state, SlabState::Free);
  EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
}

TEST_F(AdoptionTest, TheLeftHeapWorksForAThirdThread) {
  const std::vector<SlabBase> old_blocks = take_many(left_, kAdoptedCapacity + 1);
  slabs().registry.leave(left_);
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  Heap& third = new_heap();
  EXPECT_EQ(&third, &left_);
  const std::vector<SlabBase> blocks = take_many(third, kAdoptedCapacity + 1);
  for (const SlabBase block : old_blocks) give_by_owner(third, block);
  for (const SlabBase block : blocks) give_by_owner(heir_, block);
  drain_all(slabs(), third);
  drain_all(slabs(), heir_);
  EXPECT_EQ(verify_heap(third), SlabDefect::None);
  shed(slabs(), third);
  shed(slabs(), heir_);
  EXPECT_FALSE(third.has_memory());
  EXPECT_FALSE(heir_.has_memory());
}

TEST_F(AdoptionTest, RefillAdoptsBeforeItAsksTheSystem) {
  const std::vector<SlabBase> blocks = take_many(left_, 2);
  give(left_, blocks[0]);
  slabs().registry.leave(left_);
  EXPECT_TRUE(take(heir_, kAdoptedClass) == blocks[0]);
  EXPECT_EQ(heir_.stats.heaps_adopted.read(), 1u);
  EXPECT_EQ(slabs().pool.count(), 1u);
}

TEST_F(AdoptionTest, RepairedCountsAreWhatTheListsImply) {
  const std::vector<SlabBase> blocks = take_many(left_, kAdoptedCapacity + 3);
  give(left_, blocks[0]);
  Slab& partial = slab_of(blocks[0]);
  Slab& active = slab_of(blocks.back());
  const std::uint32_t used_partial = partial.used, used_active = active.used;
  // The fork came between a push and its count, and between a pop and its count.
  ++partial.used;
  --active.used;
  EXPECT_NE(verify_heap(left_), SlabDefect::None);
  left_.counts_need_repair = true;
  repair_counts(left_);
  EXPECT_FALSE(left_.counts_need_repair);
  EXPECT_EQ(partial.used, used_partial);
  EXPECT_EQ(active.used, used_active);
  EXPECT_EQ(verify_heap(left_), SlabDefect::None);
}

TEST_F(AdoptionTest, AHeapThatAForkCutOffIsRepairedBeforeItIsMerged) {
  const std::vector<SlabBase> blocks = take_many(left_, kAdoptedCapacity + 3);
  give(left_, blocks[0]);
  ++slab_of(blocks[0]).used;  // the fork came between a push and its count
  left_.counts_need_repair = true;
  slabs().registry.leave(left_);
  ASSERT_TRUE(adopt_abandoned(slabs(), heir_));
  EXPECT_FALSE(left_.counts_need_repair);
  EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
}

TEST_F(AdoptionTest, ThreadsFreeBlocksOfAHeapWhileItIsAdopted) {
  constexpr std::size_t kRounds = 20, kThreads = 3;
  for (std::size_t round = 0; round < kRounds; ++round) {
    Heap& heap = new_heap();
    const std::vector<SlabBase> blocks = take_many(heap, 3 * kAdoptedCapacity);
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < blocks.size(); i += kThreads) give_remote(blocks[i]);
      });
    }
    slabs().registry.leave(heap);
    while (adopt_abandoned(slabs(), heir_)) {
    }
    threads.clear();
    drain_everything(*domain_);  // the left heaps forward what came late
    EXPECT_EQ(verify_heap(heir_), SlabDefect::None);
  }
  shed(slabs(), heir_);
  EXPECT_FALSE(heir_.has_memory()) << "a block was lost";
}

}  // namespace
}  // namespace hakmem
