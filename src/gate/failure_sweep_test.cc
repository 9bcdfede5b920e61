// Allocation failure: a fixed program over all tiers, in which the first, second, … n-th call of
// the operating system fails, until a run meets no fault. Each run must survive NULL, keep what it
// has whole and leave every structure sound.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {


/// The fixed program: two threads' states on one thread, so that its calls come in one order.
class Program {
 public:
  explicit Program(Domain& domain) : domain_(domain), first_(domain), second_(domain) {}

  void run() {
    allocate_all_tiers(first_);
    grow_and_shrink();
    allocate_all_tiers(second_);
    free_every_other(second_);  // also the first one's blocks
    detach_thread(domain_, first_);
    allocate_all_tiers(second_);
    ThreadState third(domain_);
    allocate_all_tiers(third);
    free_every_other(third);
    detach_thread(domain_, third);
    detach_thread(domain_, second_);
  }

  /// Needs no memory, so it works whatever fails.
  void free_all() {
    for (void* block : blocks_) free_block(first_, block);
    blocks_.clear();
    detach_thread(domain_, first_);
  }
  unsigned refused() const { return refused_; }

 private:
  void keep(void* block, std::size_t bytes) {
    if (block == nullptr) {
      ++refused_;
      return;
    }
    live_.add(block, bytes);
    blocks_.push_back(block);
  }

  void free_block(ThreadState& thread, void* block) {
    live_.remove(block);
    front::release(domain_, thread, wild(block), AllocKind::Malloc, ColdRelease{domain_, thread});
  }

  void allocate_all_tiers(ThreadState& thread) {
    for (const std::size_t bytes :
         {0ul, 16ul, 100ul, 1000ul, 1024ul, 2000ul, 5000ul, 65000ul, 100000ul, 500000ul}) {
      for (unsigned i = 0; i < 5; ++i) {
        keep(front::allocate(domain_, thread, bytes, AllocKind::Malloc), bytes);
      }
    }
    keep(front::allocate(domain_, thread, kRunBytesMax + kMiB, AllocKind::Malloc),
         kRunBytesMax + kMiB);
    for (const std::size_t align : {64ul, 4096ul, 65536ul, 2 * kMiB}) {
      keep(front::allocate_aligned(domain_, thread, align, 300, AllocKind::Aligned), 300);
    }
    keep(front::allocate_zeroed(domain_, thread, 3000), 3000);
    keep(front::allocate_zeroed(domain_, thread, 300000), 300000);
  }

  /// Every block through realloc, larger and smaller; refused, it must be as it was.
  void grow_and_shrink() {
    for (void*& block : blocks_) {
      for (const std::size_t factor : {3u, 0u}) {
        const std::size_t old_bytes = live_.remove(block);
        const std::size_t bytes = factor == 0 ? old_bytes / 4 + 1 : old_bytes * factor + 1;
        write_stamp(block, old_bytes, kReallocStamp);
        void* const moved = front::reallocate(domain_, first_, wild(block), bytes);
        const std::size_t kept = moved == nullptr || old_bytes < bytes ? old_bytes : bytes;
        EXPECT_TRUE(stamp_is_whole(moved == nullptr ? block : moved, old_bytes, kept,
                                   kReallocStamp));
        refused_ += moved == nullptr ? 1 : 0;
        live_.add(moved == nullptr ? block : moved, moved == nullptr ? old_bytes : bytes);
        if (moved != nullptr) block = moved;
      }
    }
  }

  void free_every_other(ThreadState& thread) {
    std::vector<void*> kept;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i % 2 == 0) {
        free_block(thread, blocks_[i]);
      } else {
        kept.push_back(blocks_[i]);
      }
    }
    blocks_ = kept;
  }

  static constexpr std::uint64_t kReallocStamp = 4711;
  Domain& domain_;
  ThreadState first_, second_;
  LiveBlocks live_;
  std::vector<void*> blocks_;
  unsigned refused_ = 0;
};

struct RunResult {
  std::uint64_t faults = 0;
  unsigned refused = 0;
};

/// Switches page mode on, in builds that have it.
template <class DomainT>
void enable_pages(DomainT& domain, PageSide side) {
  if constexpr (kPageMode) {
    ASSERT_TRUE(domain.ensure_initialised());
    ASSERT_TRUE(domain.pages.enable({.side = side,
                                     .least_align = kMinAlignBytes,
                                     .space_bytes = 256 * kMiB,
                                     .blocks_max = 100}));
  }
}

RunResult run_with(const os::FaultPlan& plan, PageSide side = PageSide::Off) {
  const os::MappingLedger ledger;
  const auto domain = std::make_unique<Domain>();
  if (side != PageSide::Off) enable_pages(*domain, side);
  limit_quarantine(*domain, 40, kMiB);
  keep_stacks_short(*domain);
  RunResult result;
  Program program(*domain);
  os::plan_faults_for_test(plan);
  program.run();
  expect_sound(*domain);
  program.free_all();
  result.faults = os::faults_planted_for_test();
  result.refused = program.refused();
  os::plan_faults_for_test({});
  expect_sound(*domain);
  EXPECT_EQ(domain->large.stats().live_blocks, resting_large_blocks(*domain));
  return result;
}

/// Runs the program with `plan_for(n)` for n = 1, 2, …, until no fault is met. In page mode, where
/// each allocation asks the system and most calls are alike, n takes steps that share no factor
/// with the calls of an allocation and its free.
template <class PlanFor>
void sweep(const char* what, unsigned refused_runs_min, PlanFor plan_for,
           PageSide side = PageSide::Off) {
  unsigned swept = 0, refused_runs = 0;
  const std::uint64_t step = side == PageSide::Off ? 1 : 11;
  for (std::uint64_t n = 1;; n += step) {
    SCOPED_TRACE(testing::Message() << what << " " << n);
    const RunResult result = run_with(plan_for(n), side);
    if (testing::Test::HasFailure()) return;
    if (result.faults == 0) {
      EXPECT_EQ(result.refused, 0u) << "nothing failed, yet an allocation was refused";
      break;
    }
    ++swept;
    refused_runs += result.refused != 0 ? 1 : 0;
  }
  std::printf("%s: %u runs swept, in %u of them an allocation was refused\n", what, swept,
              refused_runs);
  EXPECT_GE(swept, 12u) << "the program asks the system for too little to prove anything";
  EXPECT_GE(refused_runs, refused_runs_min) << "the faults did not reach the allocations";
}

TEST(FailureSweep, WithoutAFaultNothingIsRefused) {
  const RunResult result = run_with({});
  EXPECT_EQ(result.faults, 0u);
  EXPECT_EQ(result.refused, 0u);
}

TEST(FailureSweep, TheNthCallAloneFails) {
  // One refusal can be made good from what is cached; it need not reach the program.
  sweep("the n-th call fails", 0, [](std::uint64_t n) { return os::FaultPlan{.fail_nth = n}; });
}

TEST(FailureSweep, EveryCallFailsFromTheNthOn) {
  sweep("every call fails from the n-th on", 10,
        [](std::uint64_t n) { return os::FaultPlan{.fail_from = n}; });
}

TEST(FailureSweep, MemoryIsRefusedFromTheNthCallOnAndReleasesWork) {
  sweep("maps fail from the n-th on", 10, [](std::uint64_t n) {
    return os::FaultPlan{.fail_from = n, .spare_releases = true};
  });
}

TEST(FailureSweep, InPageModeTheNthCallAloneFails) {
  if (!kPageMode) GTEST_SKIP() << "SKIPPED: this level has no page mode";
  sweep("page mode, the n-th call fails", 0,
        [](std::uint64_t n) { return os::FaultPlan{.fail_nth = n}; }, PageSide::After);
}

TEST(FailureSweep, InPageModeEveryCallFailsFromTheNthOn) {
  if (!kPageMode) GTEST_SKIP() << "SKIPPED: this level has no page mode";
  sweep("page mode, every call fails from the n-th on", 10,
        [](std::uint64_t n) { return os::FaultPlan{.fail_from = n}; }, PageSide::Before);
}

}  // namespace
}  // namespace hakmem
