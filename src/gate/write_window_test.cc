// A damage that is found late is dated: between the last operation at which the bytes were known to
// be whole and the one that found them. Level 4, whose operations have numbers.
#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/exit_sweep.h"
#include "gate/finding_for_test.h"
#include "gate/resting.h"

namespace hakmem {
namespace {

class WriteWindow : public DomainTest {
 protected:
  static constexpr std::size_t kBytes = 100;

  volatile char* allocate_bytes() { return static_cast<volatile char*>(allocate(kBytes)); }
  void release_bytes(volatile char* block) { release(const_cast<char*>(block)); }
  /// So many operations on other blocks.
  void go_on(unsigned operations) {
    for (unsigned i = 0; i < operations; i += 2) release(allocate(kBytes * 4));
  }
  void sweep_every(std::uint64_t operations) { domain_->checks.check_every = operations; }

  template <class Body>
  void expect_window(Violation violation, const std::string& line, Body body) {
    const std::string report = expect_finding(violation, kIntegrityLevel, body);
    EXPECT_NE(report.find("\n  WRITTEN   " + line + "\n"), std::string::npos) << report;
  }
};

TEST_F(WriteWindow, OfAFreedBlockBeginsWithItsFree) {
  expect_window(Violation::kWriteAfterFree, "between operations #2 and #13", [&] {
    volatile char* const block = allocate_bytes();
    release_bytes(block);
    go_on(10);
    block[8] = 7;
    sweep_every(13);
    go_on(2);
  });
}

TEST_F(WriteWindow, OfALiveBlockBeginsWithItsAllocationAndEndsWithItsFree) {
  expect_window(Violation::kOverflow, "between operations #1 and #12", [&] {
    volatile char* const block = allocate_bytes();
    go_on(10);
    block[kBytes] = 7;
    release_bytes(block);
  });
}

TEST_F(WriteWindow, IsAsShortAsTheSweepsAre) {
  expect_window(Violation::kWriteAfterFree, "between operations #20 and #25", [&] {
    sweep_every(5);
    volatile char* const block = allocate_bytes();
    release_bytes(block);
    go_on(20);
    block[8] = 7;
    go_on(20);
  });
}

TEST_F(WriteWindow, OfAReusedBlockOwesNothingToSweepsOfItsLifeBefore) {
  limit_quarantine(*domain_, 0, 0);
  expect_window(Violation::kOverflow, "between operations #9 and #10", [&] {
    sweep_every(8);
    volatile char* const first = allocate_bytes();
    go_on(6);
    release_bytes(first);            // #8
    volatile char* const again = allocate_bytes();
    again[kBytes] = 7;
    release_bytes(again);
  });
}

TEST_F(WriteWindow, HasNoEndWhenTheProcessesEndFindsTheDamage) {
  expect_window(Violation::kOverflow, "after operation #1", [&] {
    volatile char* const block = allocate_bytes();
    go_on(4);
    block[kBytes] = 7;
    sweep_at_exit(*domain_);
    _exit(exit_code::kHeapError);  // the sweep looks further, and its caller ends the process
  });
}

/// A thread sweeps while another forks: in the child it does not exist.
TEST_F(WriteWindow, TheChildOfAForkSweepsAnew) {
  expect_window(Violation::kWriteAfterFree, "between operations #2 and #13", [&] {
    volatile char* const block = allocate_bytes();
    release_bytes(block);
    constexpr int kOther = 1;
    domain_->checks.sweeps.try_become_sweeper(kOther);
    lock_for_fork(*domain_);
    adopt_after_fork(*domain_, thread_);
    unlock_after_fork(*domain_);
    go_on(10);
    block[8] = 7;
    sweep_every(13);
    go_on(2);
  });
}

}  // namespace
}  // namespace hakmem
