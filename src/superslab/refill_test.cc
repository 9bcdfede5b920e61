#include "superslab/refill.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

constexpr ClassIndex kClass = class_for(1024);
constexpr std::size_t kCapacity = capacity_of(kClass);

class RefillTest : public SlabDomainTest {
 protected:
  /// Takes blocks until the bin's list is empty, so that the next take is a refill.
  std::vector<SlabBase> take_until_miss() {
    std::vector<SlabBase> blocks{take(heap_, kClass)};
    while (SlabBase block = heap_.active[index_of(kClass)]->try_pop()) blocks.push_back(block);
    return blocks;
  }
  Heap& heap_ = new_heap();
};

TEST_F(RefillTest, EveryClassGetsABlockOfItsOwn) {
  std::set<Address> seen;
  for (std::size_t c = 1; c < kClassCount; ++c) {
    const SlabBase block = refill(slabs(), heap_, static_cast<ClassIndex>(c));
    ASSERT_TRUE(block) << c;
    EXPECT_TRUE(seen.insert(block.address()).second);
    EXPECT_EQ(index_of(slab_of(block).class_index), c);
    EXPECT_TRUE(slab_of(block).is_carved_block(block));
  }
  EXPECT_EQ(verify_heap(heap_), SlabDefect::None);
}

TEST_F(RefillTest, ClassZeroIsServedByTheSmallestClass) {
  const SlabBase block = refill(slabs(), heap_, ClassIndex{});
  EXPECT_EQ(index_of(slab_of(block).class_index), 1u);
  EXPECT_EQ(heap_.active[0], &slabs().sentinel) << "class 0 always misses";
}

TEST_F(RefillTest, CarvesAboutAPageAtATime) {
  const SlabBase first = take(heap_, kClass);
  const Slab& slab = slab_of(first);
  const std::size_t step = std::max<std::size_t>(1, kGeometry.carve_bytes / stride_of(kClass));
  EXPECT_EQ(slab.carved, std::min(step, kCapacity));
}

TEST_F(RefillTest, DrainsBeforeItCarves) {
  const std::vector<SlabBase> blocks = take_until_miss();
  const std::uint64_t carves = heap_.stats.carves.read();
  give_remote(blocks[0]);
  EXPECT_TRUE(refill(slabs(), heap_, kClass) == blocks[0]);
  EXPECT_EQ(heap_.stats.carves.read(), carves);
  EXPECT_EQ(heap_.stats.blocks_drained.read(), 1u);
}

TEST_F(RefillTest, DrainsOtherClassesBeforeItAsksForMemory) {
  constexpr ClassIndex kOther = class_for(512);
  const std::size_t units = SuperSlab::kSlabs;
  std::vector<SlabBase> blocks;
  while (heap_.stats.slabs_acquired.read() < units - 1) blocks.push_back(take(heap_, kClass));
  const SlabBase other = take(heap_, kOther);
  for (std::size_t i = 0; i < kCapacity; ++i) give_remote(blocks[i]);  // one slab, whole
  EXPECT_EQ(slabs().pool.count(), 1u);
  take(heap_, class_for(256));
  EXPECT_EQ(slabs().pool.count(), 1u) << "the emptied slab should have served";
  give(heap_, other);
}

TEST_F(RefillTest, WhenTheSystemRefusesTheAnswerIsNullAndTheHeapSound) {
  os::plan_faults_for_test({.fail_from = 1});
  std::vector<SlabBase> blocks;
  while (SlabBase block = take(heap_, kClass)) blocks.push_back(block);
  EXPECT_GE(os::faults_planted_for_test(), 1u);
  EXPECT_EQ(verify_heap(heap_), SlabDefect::None);
  EXPECT_EQ(heap_.shared_slow_depth.load(), 0u);
  EXPECT_FALSE(refill(slabs(), heap_, kClass)) << "and it stays null";
  if (!blocks.empty()) {
    give(heap_, blocks.back());
    EXPECT_TRUE(take(heap_, kClass) == blocks.back()) << "what came back serves without the system";
  }
  os::plan_faults_for_test({});
  EXPECT_TRUE(take(heap_, kClass));
  EXPECT_EQ(verify_heap(heap_), SlabDefect::None);
}

/// A unit with a carved slab of `c`, given back and taken again for class `next`; what was carved.
class ResumeTest : public RefillTest {
 protected:
  std::uint32_t carved_after_return(ClassIndex c, ClassIndex next, bool purge) {
    const SlabBase block = take(heap_, c);
    Slab& slab = slab_of(block);
    SuperSlab& superslab = *slab.superslab;
    EXPECT_NE(slab.carved, 0u);
    heap_.active[index_of(c)] = &slabs().sentinel;
    --slab.used;  // the active slab's bias
    slab.state = SlabState::Partial;
    set_next(block, slab.free);
    slab.free = block;
    --slab.used;
    superslab.give_unit(slab, 1);
    if (purge) superslab.purge();
    Slab& again = superslab.take_unit(next);
    EXPECT_EQ(&again, &slab);
    again.state = SlabState::Partial;
    EXPECT_EQ(index_of(again.class_index), index_of(next));
    EXPECT_EQ(again.verify(), SlabDefect::None);
    const std::uint32_t carved = again.carved;
    again.state = SlabState::Free;
    superslab.give_unit(again, 1);
    return carved;
  }
};

TEST_F(ResumeTest, ASlabOfFewBlocksKeepsItsList) {
  EXPECT_NE(carved_after_return(kClass, kClass, false), 0u);
}

TEST_F(ResumeTest, AnotherClassOrPurgedPagesStartAnew) {
  EXPECT_EQ(carved_after_return(kClass, class_for(512), false), 0u);
  EXPECT_EQ(carved_after_return(kClass, kClass, true), 0u);
}

TEST_F(ResumeTest, ManySmallBlocksAreCarvedAnewInAddressOrder) {
  constexpr ClassIndex kSixteen = class_for(16);
  EXPECT_EQ(carved_after_return(kSixteen, kSixteen, false) != 0, capacity_of(kSixteen) <= 256);
}

TEST_F(RefillTest, AHeapThatFillsItsSuperSlabsGetsHugePagesEarlier) {
  slabs().policy.huge_pages_from = 100;
  slabs().policy.huge_pages_from_dense = 2;
  const std::size_t blocks_each = kCapacity * SuperSlab::kSlabs;
  for (std::size_t i = 0; i < blocks_each; ++i) take(heap_, kClass);
  const bool dense = kCapacity * stride_of(kClass) * 8 >= kGranuleBytes * 7;
  const SuperSlab* const first = heap_.superslabs;
  EXPECT_EQ(slab_of(take(heap_, kClass)).superslab->huge, dense);
  EXPECT_EQ(first->huge, dense) << "a full one costs no more with huge pages";
}

TEST_F(RefillTest, AHeapOfSparseSlabsDoesNotGetThemEarlier) {
  slabs().policy.huge_pages_from = 100;
  slabs().policy.huge_pages_from_dense = 2;
  SuperSlab* first = nullptr;
  for (std::size_t c = 1; c < kClassCount; ++c) {
    const ClassIndex index = static_cast<ClassIndex>(c);
    if (kind_for(index) != SuperSlabKind::Single) continue;
    SuperSlab* const superslab = slab_of(take(heap_, index)).superslab;
    if (first == nullptr) first = superslab;
    EXPECT_FALSE(superslab->huge);
  }
  EXPECT_GE(heap_.single_superslabs, 2u) << "one block of each class needs more than one SuperSlab";
}

TEST_F(RefillTest, HugePagesAreAskedForWhenAHeapHasGrownAndNotBefore) {
  slabs().policy.huge_pages_from = 2;
  slabs().policy.huge_pages_from_dense = 100;
  const std::size_t blocks_each = kCapacity * SuperSlab::kSlabs;
  const SlabBase first = take(heap_, kClass);
  for (std::size_t i = 1; i < blocks_each; ++i) take(heap_, kClass);
  const SlabBase second = take(heap_, kClass);
  EXPECT_NE(slab_of(first).superslab, slab_of(second).superslab);
  EXPECT_FALSE(slab_of(first).superslab->huge);
  EXPECT_TRUE(slab_of(second).superslab->huge);
}

}  // namespace
}  // namespace hakmem
