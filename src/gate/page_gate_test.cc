// The allocation functions in page mode: what C promises of them holds, every check of level 4
// still finds what it finds elsewhere, and without budget everything goes on in ordinary blocks.
#include <gtest/gtest.h>

#include "gate/exit_sweep.h"
#include "gate/finding_for_test.h"
#include "gate/page_mode_for_test.h"

namespace hakmem {
namespace {

class PageGate : public PageModeTest {};
INSTANTIATE_TEST_SUITE_P(Sides, PageGate, both_sides(), side_name);

TEST_P(PageGate, UsableSizeIsTheRequestAndMallocOfNothingIsUnique) {
  enable();
  for (const std::size_t bytes : {0ul, 1ul, 13ul, 4096ul, 70000ul, 4 * kMiB}) {
    void* const block = allocate(bytes);
    ASSERT_TRUE(is_page(block)) << bytes;
    EXPECT_EQ(usable(block), bytes);
    release(block);
  }
  void* const first = allocate(0);
  void* const second = allocate(0);
  EXPECT_NE(first, second);
  release(first);
  release(second);
}

TEST_P(PageGate, ReallocAlwaysMovesAndKeepsTheContents) {
  enable();
  void* block = allocate(10);
  write_stamp(block, 10, 1);
  std::size_t bytes = 10;
  for (const std::size_t next : {11ul, 12ul, 5000ul, 100000ul, 300ul, 1ul}) {
    void* const moved = reallocate(block, next);
    EXPECT_NE(moved, block);
    EXPECT_TRUE(is_page(moved));
    EXPECT_FALSE(is_open(block, 0)) << "the old block's pages are closed";
    EXPECT_TRUE(stamp_is_whole(moved, bytes, bytes < next ? bytes : next, 1));
    write_stamp(moved, next, 1);
    block = moved;
    bytes = next;
  }
  release(block);
}

TEST_P(PageGate, ZeroedBlocksAreZeroAlsoWherePagesKeptTheirContents) {
  enable();
  for (unsigned round = 0; round < 2; ++round) {
    for (const std::size_t bytes : {1ul, 100ul, 4096ul, 9000ul}) {
      std::byte* const block = bytes_of(allocate_zeroed(bytes));
      for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(block[i], std::byte{0});
      release(block);
    }
  }
}

TEST_P(PageGate, AlignedBlocksAreAlignedAndOnPages) {
  enable();
  for (const std::size_t align : {32ul, 4096ul, 65536ul, kMiB}) {
    void* const block = allocate_aligned(align, 100);
    EXPECT_TRUE(is_page(block));
    EXPECT_EQ(reinterpret_cast<Address>(block) % align, 0u);
    EXPECT_EQ(usable(block), 100u);
    release(block);
  }
}

TEST_P(PageGate, BeyondTheBudgetBlocksAreOrdinaryAndWhole) {
  enable(5, 16);
  LiveBlocks live;
  for (std::size_t bytes = 1; bytes < 100000; bytes = bytes * 2 + 3) {
    live.add(allocate(bytes), bytes);
  }
  EXPECT_GT(domain_->pages.stats().declined, 0u);
  while (!live.empty()) {
    void* block = live.any();
    const std::size_t bytes = live.remove(block);
    write_stamp(block, bytes, 7);
    void* const moved = reallocate(block, bytes + 1);
    EXPECT_TRUE(stamp_is_whole(moved, bytes, bytes, 7));
    release(moved);
  }
}

TEST_P(PageGate, WhenTheSystemRefusesPagesTheRequestIsServedFromElsewhere) {
  enable();
  release(allocate(100));
  for (std::uint64_t n = 1; n <= 4; ++n) {
    os::plan_faults_for_test({.fail_nth = n});
    void* const block = allocate(100);
    ASSERT_NE(block, nullptr) << n;
    write_stamp(block, 100, n);
    release(block);
    os::plan_faults_for_test({});
  }
}

TEST_P(PageGate, ADoubleFreeIsOneAlsoLongAfterTheBlockLeftTheQuarantine) {
  enable();
  expect_finding(Violation::kDoubleFree, kIntegrityLevel, [&] {
    void* const block = allocate(100);
    release(block);
    release(block);
  });
}

TEST_P(PageGate, BytesBesideTheRequestOnItsOwnPagesAreCanaries) {
  enable(100, 16);
  const bool after = GetParam() == PageSide::After;
  const std::string errors = expect_finding(Violation::kOverflow, kIntegrityLevel, [&] {
    std::byte* const block = bytes_of(allocate(13));
    block[13] = std::byte{0};
    release(block);
  });
  EXPECT_NE(errors.find("on pages of its own"), std::string::npos) << errors;
  if (!after) return;
  expect_finding(Violation::kUnderflow, kIntegrityLevel, [&] {
    std::byte* const block = bytes_of(allocate(13));
    block[-1] = std::byte{0};
    release(block);
  });
}

TEST_P(PageGate, WrongReleasesAreReportedAsElsewhere) {
  enable();
  expect_finding(Violation::kInvalidFree, kIntegrityLevel,
                 [&] { release(bytes_of(allocate(5000)) + 16); });
  expect_finding(Violation::kMismatch, kIntegrityLevel, [&] {
    void* const block = allocate(40);
    front::release(*domain_, thread_, wild(block), AllocKind::New, ColdRelease{*domain_, thread_});
  });
  expect_finding(Violation::kBadRealloc, kIntegrityLevel, [&] {
    void* const block = allocate(40);
    release(block);
    reallocate(block, 50);
  });
}

TEST_P(PageGate, TheExitSweepFindsADamagedLiveBlockAndPassesWholeAndFreedOnes) {
  enable(100, 16);
  release(allocate(50));
  allocate(0);
  std::byte* const block = bytes_of(allocate(13));
  EXPECT_EQ(sweep_at_exit(*domain_), 0u);
  block[14] = std::byte{0};
  const ChildRun run = run_child([&] {
    set_quick_reports<Options>(kIntegrityLevel);
    _exit(static_cast<int>(sweep_at_exit(*domain_)));
  });
  EXPECT_TRUE(run.exited_with(1)) << run.status;
  EXPECT_TRUE(run.says(headline_of(Violation::kOverflow))) << run.errors;
}

TEST_P(PageGate, TheLeakSearchFollowsPointersThroughPageBlocks) {
  enable();
  const ChildRun run = run_child([&] {
    set_quick_reports<Options>(kIntegrityLevel);
    static void** root = static_cast<void**>(allocate(sizeof(void*)));
    void** const middle = static_cast<void**>(allocate(100000));
    middle[1000] = allocate(24);
    *root = middle;
    _exit(static_cast<int>(search_leaks(*domain_)));
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status << run.errors;
  const ChildRun leaking = run_child([&] {
    set_quick_reports<Options>(kIntegrityLevel);
    // So many that words which earlier tests left behind cannot point to all of them.
    for (unsigned i = 0; i < 300; ++i) static_cast<void>(allocate(321));
    _exit(static_cast<int>(search_leaks(*domain_)));
  });
  EXPECT_TRUE(leaking.exited_with(1)) << leaking.status << leaking.errors;
  EXPECT_TRUE(leaking.says("Nothing points to ")) << leaking.errors;
}

}  // namespace
}  // namespace hakmem
