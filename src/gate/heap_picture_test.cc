// The picture of the heap around a finding agrees with what the test did, and a heap in ruins costs
// the picture, never the report.
#include "gate/heap_picture.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kDrawn = 100;
constinit Domain* drawn_domain = nullptr;

class HeapPictureOf : public DomainTest {
 protected:
  HeapPictureOf() { domain_->checks.quarantine = {.blocks = 64, .bytes = kMiB}; }

  Slab& slab_of(void* block) {
    return domain_->slabs.map.lookup(reinterpret_cast<Address>(block)).slab();
  }
  /// A picture for a finding about `block`, which is live.
  const HeapPicture& draw(void* block) {
    finding_ = {};
    finding_.block.known = true;
    finding_.block.user = reinterpret_cast<Address>(block);
    finding_.block.state = "live";
    picture_->clear();
    draw_heap(*domain_, finding_, *picture_);
    return *picture_;
  }
  std::uint64_t live_up_to(std::size_t bytes) {
    return picture_->sizes.live_blocks[SizeHistogram::range_of(bytes)];
  }
  /// The report of a double free of `block` in a heap that `ruin` was done to.
  template <class Ruin>
  std::string report_of_double_free(void* block, Ruin ruin) {
    const ChildRun run = run_child([&] {
      static constinit Options options{.symbolize = false};
      drawn_domain = domain_.get();
      set_report_context({&options, kIntegrityLevel, [](Finding& finding, HeapPicture& p) noexcept {
                            draw_heap(*drawn_domain, finding, p);
                          }});
      release(block);
      ruin();
      release(block);
    });
    EXPECT_TRUE(run.exited_with(exit_code::kHeapError)) << run.status << run.errors;
    EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free")) << run.errors;
    EXPECT_FALSE(run.says("cut short")) << run.errors;
    return run.errors;
  }

  Finding finding_;
  std::unique_ptr<HeapPicture> picture_ = std::make_unique<HeapPicture>();
};

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

TEST_F(HeapPictureOf, AHeapInRuinsCostsNoReport) {
  void* const first = allocate(kDrawn);
  void* const second = allocate(kDrawn);
  Slab& slab = slab_of(second);
  SuperSlab& superslab = *slab.superslab;
  std::byte* const nowhere = reinterpret_cast<std::byte*>(Address{0x7000});
  const auto has_neighbours = [&](auto ruin) {
    return report_of_double_free(second, ruin).find("\n  prev  ") != std::string::npos;
  };
  EXPECT_TRUE(has_neighbours([&] { superslab.next_ever = &superslab; }));
  EXPECT_TRUE(has_neighbours([&] {
    superslab.next_ever = reinterpret_cast<SuperSlab*>(nowhere);
  }));
  EXPECT_FALSE(has_neighbours([&] { slab.carved = ~0u; }));
  EXPECT_FALSE(has_neighbours([&] { slab.capacity = slab.carved = 1u << 31; }));
  release(first);
  release(second);
}

TEST_F(HeapPictureOf, ListsThatDoNotEndLeaveTheSizesOut) {
  void* const block = allocate(kDrawn);
  SuperSlab& superslab = *slab_of(block).superslab;
  EXPECT_TRUE(draw(block).sizes.known);
  SuperSlab* const next = superslab.next_ever;
  superslab.next_ever = reinterpret_cast<SuperSlab*>(Address{0x7001});
  EXPECT_FALSE(draw(block).sizes.known);
  EXPECT_TRUE(picture_->slab.known);
  superslab.next_ever = next;
  std::byte* const records = superslab.records;
  superslab.records = reinterpret_cast<std::byte*>(Address{0x7000});
  EXPECT_FALSE(draw(block).sizes.known);
  EXPECT_FALSE(picture_->slab.known);
  superslab.records = records;
  release(block);
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

}  // namespace
}  // namespace hakmem
