#include "superslab/ownership.h"

#include <gtest/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

constexpr ClassIndex kSmall = class_for(2048);
constexpr ClassIndex kWide = class_for(8192);

/// Slabs of both kinds through their states.
class OwnershipTest : public SlabDomainTest, public testing::WithParamInterface<ClassIndex> {
 protected:
  std::size_t capacity() const { return capacity_of(GetParam()); }
  SlabBase take_one() { return take(heap_, GetParam()); }
  std::vector<SlabBase> take_many(std::size_t count) {
    std::vector<SlabBase> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(take_one());
    return blocks;
  }
  void expect_heap_sound() { EXPECT_EQ(verify_heap(heap_), SlabDefect::None); }

  Heap& heap_ = new_heap();
};

INSTANTIATE_TEST_SUITE_P(Kinds, OwnershipTest, testing::Values(kSmall, kWide),
                         [](const auto& c) { return c.param == kSmall ? "Single" : "Span"; });

TEST_P(OwnershipTest, TheFirstBlockBindsAnActiveSlabWithTheHeapsTag) {
  const SlabBase block = take_one();
  Slab& slab = slab_of(block);
  EXPECT_EQ(slab.state, SlabState::Active);
  EXPECT_EQ(heap_.active[index_of(GetParam())], &slab);
  EXPECT_EQ(slab.shared_owner.load(), &heap_);
  EXPECT_EQ(tag_of(block), heap_.tag);
  EXPECT_EQ(slab.live_count(), 1u);
  give(heap_, block);
}

TEST_P(OwnershipTest, AnActiveSlabStaysWhenItsOnlyBlockComesAndGoes) {
  const SlabBase block = take_one();
  give(heap_, block);
  for (unsigned i = 0; i < 10; ++i) {
    EXPECT_TRUE(take_one() == block);
    give(heap_, block);
  }
  EXPECT_EQ(heap_.stats.slabs_acquired.read(), 1u);
  EXPECT_EQ(heap_.stats.slabs_released.read(), 0u);
}

TEST_P(OwnershipTest, AnExhaustedSlabIsFullAndUntagged) {
  const std::vector<SlabBase> blocks = take_many(capacity() + 1);
  Slab& full = slab_of(blocks.front());
  EXPECT_EQ(full.state, SlabState::Full);
  EXPECT_EQ(full.used, capacity());
  EXPECT_EQ(tag_of(blocks.front()), OwnerTag::None);
  EXPECT_EQ(slab_of(blocks.back()).state, SlabState::Active);
  EXPECT_NE(&full, &slab_of(blocks.back()));
  expect_heap_sound();
}

TEST_P(OwnershipTest, FullBecomesPartialAtTheFirstFreeAndFreeAtTheLast) {
  std::vector<SlabBase> blocks = take_many(capacity() + 1);
  Slab& slab = slab_of(blocks.front());
  give(heap_, blocks[0]);
  if (capacity() > 1) {
    EXPECT_EQ(slab.state, SlabState::Partial);
    EXPECT_EQ(heap_.partial[index_of(GetParam())], &slab);
    EXPECT_EQ(tag_of(blocks[1]), heap_.tag) << "its frees are fast again";
    expect_heap_sound();
  }
  for (std::size_t i = 1; i < capacity(); ++i) give(heap_, blocks[i]);
  EXPECT_EQ(slab.state, SlabState::Free);
  EXPECT_EQ(heap_.partial[index_of(GetParam())], nullptr);
  EXPECT_EQ(slabs().map.lookup(blocks[0].address()).kind(), GranuleKind::FreeSlab);
  EXPECT_EQ(heap_.stats.slabs_released.read(), 1u);
  expect_heap_sound();
}

TEST_P(OwnershipTest, APartialSlabIsUsedBeforeANewOne) {
  const std::vector<SlabBase> blocks = take_many(2 * capacity() + 1);
  give(heap_, blocks[0]);
  for (std::size_t i = 1; i < capacity(); ++i) take_one();  // the active slab's rest
  EXPECT_TRUE(take_one() == blocks[0]);
  expect_heap_sound();
}

TEST_P(OwnershipTest, PartialSlabsAreUnlinkedFromTheMiddleToo) {
  const std::vector<SlabBase> blocks = take_many(4 * capacity());
  for (std::size_t slab = 0; slab < 3; ++slab) {
    if (capacity() > 1) give(heap_, blocks[slab * capacity()]);
  }
  for (std::size_t i = capacity() > 1 ? 1 : 0; i < capacity(); ++i) {
    give(heap_, blocks[capacity() + i]);
  }
  EXPECT_EQ(slab_of(blocks[capacity()]).state, SlabState::Free);
  expect_heap_sound();
}

TEST_P(OwnershipTest, ARemoteFreeWaitsForTheOwnersDrain) {
  const std::vector<SlabBase> blocks = take_many(capacity() + 1);
  Slab& slab = slab_of(blocks.front());
  give_remote(blocks[0]);
  EXPECT_EQ(slab.used, capacity()) << "blocks in the queue still count as used";
  EXPECT_EQ(slab.state, SlabState::Full);
  EXPECT_FALSE(heap_.shared_pending[index_of(GetParam())].seems_empty());
  EXPECT_TRUE(drain_class(slabs(), heap_, GetParam()));
  EXPECT_EQ(slab.used, capacity() - 1);
  EXPECT_EQ(slab.state, capacity() > 1 ? SlabState::Partial : SlabState::Free);
  EXPECT_FALSE(drain_class(slabs(), heap_, GetParam()));
  EXPECT_EQ(heap_.stats.blocks_drained.read(), 1u);
  expect_heap_sound();
}

TEST_P(OwnershipTest, ASlabIsAnnouncedOnceHoweverManyBlocksComeBack) {
  const std::vector<SlabBase> blocks = take_many(capacity() + 1);
  for (std::size_t i = 0; i < capacity(); ++i) give_remote(blocks[i]);
  EXPECT_TRUE(drain_all(slabs(), heap_));
  EXPECT_EQ(heap_.stats.slabs_drained.read(), 1u);
  EXPECT_EQ(heap_.stats.blocks_drained.read(), capacity());
  EXPECT_EQ(slab_of(blocks.front()).state, SlabState::Free) << "the drain emptied it";
  expect_heap_sound();
}

TEST_P(OwnershipTest, DrainingTheActiveSlabLeavesItActive) {
  const SlabBase block = take_one();
  give_remote(block);
  EXPECT_TRUE(drain_class(slabs(), heap_, GetParam()));
  EXPECT_EQ(slab_of(block).state, SlabState::Active);
  EXPECT_EQ(slab_of(block).live_count(), 0u);
  EXPECT_TRUE(take_one() == block);
}

TEST_P(OwnershipTest, AnEmptySuperSlabGoesToThePoolWhenAnotherHasRoom) {
  const std::size_t units = SuperSlab::kSlabs / span_slabs_of(GetParam());
  const std::vector<SlabBase> blocks = take_many((units + 1) * capacity());
  EXPECT_EQ(heap_.stats.superslabs_acquired.read(), 2u);
  EXPECT_EQ(slabs().pool.cached_count(), 0u);
  for (const SlabBase block : blocks) give(heap_, block);
  EXPECT_EQ(heap_.stats.superslabs_released.read(), 1u);
  EXPECT_EQ(slabs().pool.cached_count(), 1u);
  EXPECT_TRUE(heap_.has_memory());
  expect_heap_sound();
}

TEST_P(OwnershipTest, ShedGivesEverythingUnusedBack) {
  const std::vector<SlabBase> blocks = take_many(capacity() + 1);
  for (const SlabBase block : blocks) give(heap_, block);
  EXPECT_TRUE(heap_.has_memory());
  shed(slabs(), heap_);
  EXPECT_FALSE(heap_.has_memory());
  EXPECT_EQ(heap_.active[index_of(GetParam())], &slabs().sentinel);
  EXPECT_EQ(heap_.available[0], nullptr);
  EXPECT_EQ(heap_.available[1], nullptr);
  EXPECT_EQ(slabs().pool.cached_count(), slabs().pool.count());
  expect_heap_sound();
}

TEST_P(OwnershipTest, ShedKeepsWhatIsLive) {
  const SlabBase block = take_one();
  shed(slabs(), heap_);
  EXPECT_TRUE(heap_.has_memory());
  EXPECT_EQ(slab_of(block).state, SlabState::Active);
  EXPECT_EQ(slab_of(block).live_count(), 1u);
  expect_heap_sound();
  give(heap_, block);
}

TEST_P(OwnershipTest, PurgeClearsFreedUnitsAndCountsTheirBytes) {
  slabs().policy = {.purge = false};
  const std::vector<SlabBase> blocks = take_many(2 * capacity());
  const SlabBase kept = blocks.back();
  kept.unsafe_bytes()[40] = std::byte{0x66};
  for (std::size_t i = 0; i < capacity(); ++i) {
    blocks[i].unsafe_bytes()[40] = std::byte{0x5a};
    give(heap_, blocks[i]);
  }
  EXPECT_EQ(purge_heap(heap_), span_slabs_of(GetParam()) * kGranuleBytes);
  EXPECT_EQ(blocks[0].unsafe_bytes()[40], std::byte{0});
  EXPECT_EQ(kept.unsafe_bytes()[40], std::byte{0x66});
  EXPECT_EQ(purge_heap(heap_), 0u);
}

constexpr std::uint64_t kHour = 3600000;  // longer than any run of this test

TEST_P(OwnershipTest, PagesWantedAgainAfterTheirAgeAreRegretted) {
  slabs().policy = {.purge_ms = 0};
  const std::vector<SlabBase> blocks = take_many(2 * capacity() + 1);
  for (std::size_t i = 0; i < capacity(); ++i) give(heap_, blocks[i]);
  EXPECT_EQ(heap_.stats.purges.read(), 1u);
  slabs().policy.purge_ms = kHour;
  take_many(capacity());  // fills the active slab and takes the unit again
  EXPECT_EQ(heap_.learned_age.regrets(), 1u);
  EXPECT_EQ(heap_.learned_age.age_ms(kHour, os::now_ms()), 2 * kHour);
  expect_heap_sound();
}

TEST_P(OwnershipTest, TheLearntAgeIsTheOneThatCounts) {
  slabs().policy = {.purge_ms = kHour};
  const std::uint64_t now_ms = os::now_ms();
  heap_.learned_age.on_wanted_again(now_ms, kHour, now_ms);
  const std::vector<SlabBase> blocks = take_many(8 * capacity() + 1);
  const auto empty_slab = [&](std::size_t nth) {
    heap_.last_purge_ms = now_ms - 8 * kHour;
    for (std::size_t i = 0; i < capacity(); ++i) give(heap_, blocks[nth * capacity() + i]);
  };
  // Others than the first one's SuperSlab, where that is a small one: it must not become empty.
  std::size_t nth = 1;
  while (nth < 6 && slab_of(blocks[nth * capacity()]).superslab == slab_of(blocks[0]).superslab) {
    ++nth;
  }
  SuperSlab& superslab = *slab_of(blocks[0]).superslab;
  empty_slab(0);
  ASSERT_NE(superslab.dirty_units, 0u);
  superslab.dirty_since_ms = now_ms - kHour - kHour / 2;
  empty_slab(nth);
  EXPECT_NE(superslab.dirty_units, 0u) << "two hours are learnt";
  slabs().policy.learn = false;
  empty_slab(nth + 1);
  EXPECT_EQ(superslab.dirty_units, 0u);
  expect_heap_sound();
}

TEST_P(OwnershipTest, VerifyHeapFindsPlantedDefects) {
  const std::vector<SlabBase> blocks = take_many(capacity() + 1);
  Slab& full = slab_of(blocks.front());
  expect_heap_sound();
  full.shared_owner.store(&slabs().no_heap);
  EXPECT_EQ(verify_heap(heap_), SlabDefect::ForeignNode) << "another heap's slab";
  full.shared_owner.store(&heap_);
  full.state = SlabState::Partial;
  EXPECT_NE(verify_heap(heap_), SlabDefect::None) << "partial without room";
  full.state = SlabState::Full;
  ++full.used;
  EXPECT_EQ(verify_heap(heap_), SlabDefect::Counters);
  --full.used;
  heap_.active[index_of(GetParam())] = &slabs().sentinel;
  EXPECT_EQ(verify_heap(heap_), SlabDefect::WrongClass) << "active, but in no bin";
  heap_.active[index_of(GetParam())] = &slab_of(blocks.back());
  full.superslab->owner = nullptr;
  EXPECT_EQ(verify_heap(heap_), SlabDefect::Counters);
  full.superslab->owner = &heap_;
  expect_heap_sound();
}

TEST_P(OwnershipTest, HeapsWithoutATagFreeTheirBlocksToo) {
  heap_.tag = OwnerTag::None;
  const std::vector<SlabBase> blocks = take_many(3 * capacity());
  EXPECT_EQ(tag_of(blocks.back()), OwnerTag::None);
  for (const SlabBase block : blocks) free_owned(slabs(), heap_, slab_of(block), block);
  expect_heap_sound();
  shed(slabs(), heap_);
  EXPECT_FALSE(heap_.has_memory());
}

}  // namespace
}  // namespace hakmem
