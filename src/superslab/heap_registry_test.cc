#include "superslab/heap_registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

class HeapRegistryTest : public SlabDomainTest {
 protected:
  HeapRegistry& registry() { return slabs().registry; }
  /// Makes a heap one with memory.
  void give_memory(Heap& heap) { held_.push_back(take(heap, class_for(64))); }
  std::vector<SlabBase> held_;
};

TEST_F(HeapRegistryTest, AFreshHeapIsOwnedAndEveryBinMisses) {
  Heap& heap = new_heap();
  EXPECT_EQ(heap.state, HeapState::Owned);
  EXPECT_FALSE(heap.has_memory());
  for (const Slab* slab : heap.active) EXPECT_EQ(slab, &slabs().sentinel);
  EXPECT_EQ(registry().count(), 1u);
}

TEST_F(HeapRegistryTest, HeapsAreNumberedAndTaggedUntilTagsRunOut) {
  std::set<std::uint32_t> ids;
  std::set<OwnerTag> tags;
  constexpr std::size_t kHeaps = kGeometry.owner_tags_max < 10 ? 10 : 20;
  for (std::size_t i = 0; i < kHeaps; ++i) {
    const Heap& heap = new_heap();
    EXPECT_TRUE(ids.insert(heap.id).second);
    const bool tagged = heap.id <= kGeometry.owner_tags_max;
    EXPECT_EQ(heap.tag != OwnerTag::None, tagged);
    EXPECT_NE(heap.tag, OwnerTag::NoHeap);
    EXPECT_TRUE(!tagged || tags.insert(heap.tag).second) << "a tag names one heap";
  }
  EXPECT_EQ(registry().count(), kHeaps);
}

TEST_F(HeapRegistryTest, AHeapWithoutMemoryIsVacantAndUsedAgain) {
  Heap& heap = new_heap();
  registry().leave(heap);
  EXPECT_EQ(heap.state, HeapState::Vacant);
  EXPECT_EQ(registry().try_acquire_abandoned(), nullptr) << "there is nothing to adopt in it";
  EXPECT_EQ(&new_heap(), &heap);
  EXPECT_EQ(heap.state, HeapState::Owned);
}

TEST_F(HeapRegistryTest, AHeapWithMemoryIsAbandonedAndTakenFirst) {
  Heap& vacant = new_heap();
  Heap& left = new_heap();
  give_memory(left);
  registry().leave(vacant);
  registry().leave(left);
  EXPECT_EQ(left.state, HeapState::Abandoned);
  EXPECT_EQ(&new_heap(), &left);
  registry().leave(left);
  EXPECT_EQ(registry().try_acquire_abandoned(), &left);
  EXPECT_EQ(left.state, HeapState::Owned);
  EXPECT_EQ(registry().try_acquire_abandoned(), nullptr);
  registry().leave(left);
}

TEST_F(HeapRegistryTest, ForEachVisitsEveryHeapThereEverWas) {
  std::set<const Heap*> made;
  for (unsigned i = 0; i < 5; ++i) made.insert(&new_heap());
  for (const Heap* heap : made) {
    if (heap->id % 2 == 0) registry().leave(const_cast<Heap&>(*heap));
  }
  std::set<const Heap*> visited;
  registry().for_each([&](const Heap& heap) { visited.insert(&heap); });
  EXPECT_EQ(visited, made);
}

TEST_F(HeapRegistryTest, WhenMemoryIsRefusedThereIsNoHeapAndNoTrace) {
  os::plan_faults_for_test({.fail_from = 1});
  std::size_t before_refusal = 0;
  while (registry().acquire(slabs().sentinel, slabs().meta) != nullptr) ++before_refusal;
  EXPECT_EQ(registry().count(), before_refusal);
  os::plan_faults_for_test({});
  EXPECT_EQ(new_heap().id, before_refusal + 1);
}

TEST_F(HeapRegistryTest, AfterAForkTheOthersHeapsAreLeftToTheSurvivor) {
  Heap& survivor = new_heap();
  Heap& other = new_heap();
  Heap& empty = new_heap();
  Heap& caught = new_heap();
  give_memory(other);
  give_memory(caught);
  caught.shared_slow_depth.store(1);
  registry().adopt_after_fork(&survivor);
  EXPECT_EQ(survivor.state, HeapState::Owned);
  EXPECT_EQ(other.state, HeapState::Abandoned);
  EXPECT_TRUE(other.counts_need_repair);
  EXPECT_FALSE(survivor.counts_need_repair);
  EXPECT_EQ(empty.state, HeapState::Vacant);
  EXPECT_EQ(caught.state, HeapState::Orphaned) << "its lists may be half changed";
  EXPECT_EQ(&new_heap(), &other);
  EXPECT_EQ(&new_heap(), &empty);
  EXPECT_NE(&new_heap(), &caught);
  caught.shared_slow_depth.store(0);
}

TEST_F(HeapRegistryTest, AHeapLeftBeforeAForkIsNotLeftTwice) {
  Heap& left = new_heap();
  give_memory(left);
  registry().leave(left);
  registry().adopt_after_fork(nullptr);
  EXPECT_EQ(registry().try_acquire_abandoned(), &left);
  EXPECT_EQ(registry().try_acquire_abandoned(), nullptr);
  registry().leave(left);
}

TEST_F(HeapRegistryTest, NoHeapHasTwoOwners) {
  constexpr std::size_t kThreads = 4, kEach = 500;
  std::atomic<std::uint64_t> clashes{0};
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < kEach; ++i) {
          Heap& heap = new_heap();
          clashes += heap.shared_slow_depth.exchange(1);
          std::this_thread::yield();
          heap.shared_slow_depth.store(0);
          registry().leave(heap);
        }
      });
    }
  }
  EXPECT_EQ(clashes, 0u);
  EXPECT_LE(registry().count(), kThreads);
}

}  // namespace
}  // namespace hakmem
