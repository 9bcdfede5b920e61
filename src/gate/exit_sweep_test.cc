// The sweep of all blocks: what it finds, how much it tells, and that of two sweepers one sweeps.
// Level 4. Each sweep that reports runs in a child, whose exit status is the number of findings.
#include "gate/exit_sweep.h"

#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

class ExitSweep : public DomainTest {
 protected:
  static constexpr std::size_t kBytes = 100;
  static constexpr int kOtherThread = 1;

  volatile char* block(std::size_t bytes = kBytes) {
    return static_cast<volatile char*>(allocate(bytes));
  }
  /// A live block with a byte behind its end changed.
  volatile char* overflowed() {
    volatile char* const bytes = block();
    bytes[kBytes] = 7;
    return bytes;
  }
  /// Runs in a child; `body` returns its exit status.
  template <class Body>
  ChildRun run(Body body) {
    return run_child([&] {
      set_quick_reports<Options>(kIntegrityLevel);
      _exit(static_cast<int>(body()));
    });
  }
  bool someone_sweeps() { return domain_->checks.sweeps.sweeper() != 0; }
};

TEST_F(ExitSweep, EachKindOfDamageHasItsId) {
  const ChildRun swept = run([&] {
    overflowed();
    block()[-1] = 7;
    volatile char* const freed = block();
    release(const_cast<char*>(freed));
    freed[8] = 7;
    volatile char* const large = block(kMiB);
    large[kMiB] = 7;
    return sweep_at_exit(*domain_);
  });
  EXPECT_TRUE(swept.exited_with(4)) << swept.status << swept.errors;
  EXPECT_EQ(count_of(swept.errors, headline_of(Violation::kOverflow)), 2u) << swept.errors;
  EXPECT_TRUE(swept.says(headline_of(Violation::kUnderflow))) << swept.errors;
  EXPECT_TRUE(swept.says(headline_of(Violation::kWriteAfterFree))) << swept.errors;
}

TEST_F(ExitSweep, BlocksInTheHandsOfAThreadAndNeverAllocatedOnesArePassed) {
  volatile char* const bytes = overflowed();
  BlockRecord& record = *find_checked_block(*domain_, reinterpret_cast<Address>(bytes)).record;
  BlockState state = BlockState::Live;
  ASSERT_TRUE(record.try_take(state));
  EXPECT_EQ(sweep_at_exit(*domain_), 0u);
  record.publish(BlockState::Live);
  const ChildRun swept = run([&] { return sweep_at_exit(*domain_); });
  EXPECT_TRUE(swept.exited_with(1)) << swept.status << swept.errors;
}

/// As another thread sees them that makes a SuperSlab or a slab at this moment.
TEST_F(ExitSweep, WhatHasNoMemoryYetIsPassed) {
  volatile char* const bytes = overflowed();
  SuperSlab& superslab = *slabs().map.lookup(reinterpret_cast<Address>(bytes)).slab().superslab;
  const auto expect_passed_with = [&](auto& field) {
    const auto kept = field;
    field = {};
    EXPECT_EQ(sweep_at_exit(*domain_), 0u);
    field = kept;
  };
  expect_passed_with(superslab.data);
  expect_passed_with(superslab.records);
}

TEST_F(ExitSweep, MoreThanEnoughFindingsAreNotTold) {
  const ChildRun swept = run([&] {
    for (unsigned i = 0; i < 2 * kSweepFindingsMax; ++i) overflowed();
    return sweep_at_exit(*domain_);
  });
  EXPECT_TRUE(swept.exited_with(kSweepFindingsMax)) << swept.status;
}

TEST_F(ExitSweep, AtTheEndOfTheProcessItDoesNotWaitForAnother) {
  const ChildRun swept = run([&] {
    overflowed();
    domain_->checks.sweeps.try_become_sweeper(kOtherThread);
    const unsigned findings = sweep_at_exit(*domain_);
    return domain_->checks.sweeps.sweeper() == kOtherThread ? findings : 0;
  });
  EXPECT_TRUE(swept.exited_with(1)) << "swept, and left the other its turn: " << swept.status;
}

TEST_F(ExitSweep, BeforeDeathItSweepsOnce) {
  const ChildRun swept = run([&] {
    overflowed();
    block(kMiB)[kMiB] = 7;
    sweep_before_death(*domain_);
    return someone_sweeps() ? 1 : 7;
  });
  EXPECT_TRUE(swept.exited_with(7)) << swept.status << swept.errors;
  EXPECT_EQ(count_of(swept.errors, "SUMMARY: HAKMEM: "), 2u) << swept.errors;
}

TEST_F(ExitSweep, InsideASweepOfThisThreadItDoesNothing) {
  const ChildRun swept = run([&] {
    overflowed();
    domain_->checks.sweeps.try_become_sweeper(os::thread_id());
    sweep_before_death(*domain_);
    return 7;
  });
  EXPECT_TRUE(swept.exited_with(7)) << swept.status;
  EXPECT_EQ(swept.errors, "");
}

/// It may be waiting for what the dying thread holds.
TEST_F(ExitSweep, BeforeDeathAnotherThreadsSweepIsNotWaitedForForEver) {
  const ChildRun swept = run([&] {
    overflowed();
    domain_->checks.sweeps.try_become_sweeper(kOtherThread);
    sweep_before_death(*domain_);
    return 7;
  });
  EXPECT_TRUE(swept.exited_with(7)) << swept.status;
  EXPECT_EQ(swept.errors, "") << "what the other finds is the other's to tell";
}

TEST_F(ExitSweep, BeforeDeathWhatIsLockedIsLeftOut) {
  const ChildRun swept = run([&] {
    overflowed();
    block(kMiB)[kMiB] = 7;
    LockScope large(domain_->large.lock_for_fork());
    LockScope pages(domain_->pages.lock_for_fork());
    sweep_before_death(*domain_);
    return 7;
  });
  EXPECT_TRUE(swept.exited_with(7)) << swept.status << swept.errors;
  EXPECT_EQ(count_of(swept.errors, "SUMMARY: HAKMEM: "), 1u) << swept.errors;
}

TEST_F(ExitSweep, InTheMiddleOneThreadSweepsAndTheOthersGoOn) {
  overflowed();
  domain_->checks.check_every = 1;
  domain_->checks.sweeps.try_become_sweeper(kOtherThread);
  release(allocate(kBytes));  // a report would end the test
  domain_->checks.sweeps.stop_sweeping();
  const ChildRun swept = run([&] {
    release(allocate(kBytes));
    return 7;
  });
  EXPECT_TRUE(swept.exited_with(exit_code::kHeapError)) << swept.status;
}

TEST_F(ExitSweep, WhenTheProgramGoesOnTheNextSweepsFindingIsARepeat) {
  const ChildRun swept = go_on_after_findings(kIntegrityLevel, [&] {
    overflowed();
    domain_->checks.check_every = 1;
    for (unsigned i = 0; i < 5; ++i) release(allocate(kBytes));
    return findings_published();
  });
  EXPECT_TRUE(swept.exited_with(1)) << swept.status << swept.errors;
  EXPECT_EQ(count_of(swept.errors, "SUMMARY: HAKMEM: "), 1u) << swept.errors;
}

}  // namespace
}  // namespace hakmem
