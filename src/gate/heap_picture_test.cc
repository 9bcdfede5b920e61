// The picture of the heap around a finding agrees with what the test did, and a heap in ruins costs
// the picture, never the report.
#include "gate/heap_picture.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "gate/heap_picture_for_test.h"

namespace hakmem {
namespace {

TEST_F(HeapPictureOf, ASlabHasALetterForEachBlock) {
  void* const first = allocate(kDrawn);
  void* const second = allocate(kDrawn - 1);
  void* const third = allocate(kDrawn - 2);
  const Slab& slab = slab_of(second);
  const auto index = [&](void* block) {
    return slab.index_of_block(reinterpret_cast<Address>(block));
  };
  ASSERT_EQ(index(second), index(first) + 1);
  ASSERT_EQ(index(third), index(second) + 1);
  release(third);
  const SlabPicture& map = draw(second).slab;
  ASSERT_TRUE(map.known);
  EXPECT_EQ(map.count, slab.capacity);
  EXPECT_EQ(map.data, slab.first_base());
  EXPECT_EQ(map.stride_bytes, slab.stride_bytes);
  const std::string states(map.states, map.count);
  EXPECT_EQ(states.substr(index(first), 3), "LLQ");
  EXPECT_EQ(states.back(), 'U');
  EXPECT_EQ(finding_.before.user, reinterpret_cast<Address>(first));
  EXPECT_STREQ(finding_.before.state, "live");
  EXPECT_EQ(finding_.before.request_bytes, kDrawn);
  EXPECT_EQ(finding_.before.thread_id, static_cast<std::uint32_t>(os::thread_id()));
  EXPECT_EQ(finding_.behind.user, reinterpret_cast<Address>(third));
  EXPECT_STREQ(finding_.behind.state, "freed, in quarantine");
  EXPECT_EQ(finding_.behind.request_bytes, kDrawn - 2);
  release(first);
  release(second);
}

TEST_F(HeapPictureOf, TheFirstBlockHasNoneBeforeItAndTheLastNoneBehindIt) {
  void* first = allocate(kDrawn);
  const Slab& slab = slab_of(first);
  draw(slab.block_at(0).unsafe_bytes() + kFrontBytes);
  EXPECT_FALSE(finding_.before.known);
  EXPECT_TRUE(finding_.behind.known);
  draw(slab.block_at(slab.capacity - 1).unsafe_bytes() + kFrontBytes);
  EXPECT_TRUE(finding_.before.known);
  EXPECT_STREQ(finding_.before.state, "never allocated");
  EXPECT_FALSE(finding_.behind.known);
  release(first);
}

TEST_F(HeapPictureOf, TheSizesOfLiveBlocksAreCounted) {
  void* const small = allocate(kDrawn);
  void* const pool = allocate(5000);
  void* const large = allocate(kMiB);
  void* const freed = allocate(kDrawn);
  release(freed);
  EXPECT_TRUE(draw(small).sizes.known);
  EXPECT_EQ(live_up_to(kDrawn), 1u);
  EXPECT_EQ(live_up_to(5000), 1u);
  EXPECT_EQ(live_up_to(kMiB), 1u);
  for (void* const block : {small, pool, large}) release(block);
  draw(small);
  EXPECT_EQ(live_up_to(kDrawn) + live_up_to(5000) + live_up_to(kMiB), 0u);
}

TEST_F(HeapPictureOf, ALargeBlockHasNoSlab) {
  void* const large = allocate(kMiB);
  finding_.block.large = true;
  EXPECT_FALSE(draw(large).slab.known);
  release(large);
}

TEST_F(HeapPictureOf, AReportNamesTheNeighbours) {
  void* const first = allocate(kDrawn);
  void* const second = allocate(kDrawn);
  const std::string report = report_of_double_free(second, [] {});
  EXPECT_NE(report.find("\n  prev  0x"), std::string::npos) << report;
  EXPECT_NE(report.find("   100 B   live, of T"), std::string::npos) << report;
  release(first);
  release(second);
}

TEST_F(HeapPictureOf, LocksThatAreHeldAreNotWaitedFor) {
  void* const block = allocate(kDrawn);
  {
    LockScope registry(domain_->slabs.registry.lock_for_fork());
    LockScope pool(domain_->slabs.pool.lock_for_fork());
    LockScope large(domain_->large.lock_for_fork());
    EXPECT_TRUE(draw(block).slab.known);
    EXPECT_TRUE(picture_->sizes.known);
  }
  release(block);
}

TEST_F(HeapPictureOf, EachStateHasItsLetter) {
  limit_quarantine(*domain_, 0, 0);
  constexpr std::size_t kBlocks = 200;  // more records than are copied at once
  void* blocks[kBlocks];
  for (void*& block : blocks) block = allocate(kDrawn);
  Slab& slab = slab_of(blocks[kBlocks - 1]);
  ASSERT_EQ(&slab_of(blocks[0]), &slab);
  ASSERT_LT(slab.carved, slab.capacity);
  release(blocks[1]);
  record_of(slab, 2).publish(BlockState::Busy);
  record_of(slab, 3).publish(BlockState::Fresh);
  const SlabPicture& drawn = draw(blocks[kBlocks - 1]).slab;
  ASSERT_TRUE(drawn.known);
  EXPECT_EQ(std::string(drawn.states, 5), "LFLUL");
  EXPECT_EQ(drawn.states[kBlocks - 1], 'L');
  record_of(slab, 2).publish(BlockState::Live);
  record_of(slab, 3).publish(BlockState::Live);
  blocks[1] = blocks[0];
  for (std::size_t i = 1; i < kBlocks; ++i) release(blocks[i]);
}

/// The check that found the block holds it Busy: the letter is of what the finding says.
TEST_F(HeapPictureOf, TheFindingsBlockHasTheLetterOfTheFinding) {
  void* const block = allocate(kDrawn);
  const Slab& slab = slab_of(block);
  const std::size_t index = slab.index_of_block(reinterpret_cast<Address>(block));
  for (const auto& [state, letter] : {std::pair{BlockState::Free, 'F'},
                                      {BlockState::Quarantined, 'Q'},
                                      {BlockState::Live, 'L'}}) {
    finding_ = {};
    finding_.block = {.known = true, .user = reinterpret_cast<Address>(block)};
    finding_.block.state = name_of(state);
    draw_heap(*domain_, finding_, *picture_);
    EXPECT_EQ(picture_->slab.states[index], letter);
  }
  release(block);
}

}  // namespace
}  // namespace hakmem
