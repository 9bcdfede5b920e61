// Large blocks that rest at level 4: their pages are closed, any touch of them is a finding, and
// what the system will not close or open again does no harm.
#include "gate/resting.h"

#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/exit_sweep.h"
#include "gate/finding_for_test.h"
#include "gate/guard_report.h"
#include "gate/thread_lifecycle.h"
#include "integrity/poison_crash.h"
#include "os/os_process.h"
#include "ptr_trace/signal_relay.h"

namespace hakmem {
namespace {

/// The crash handler knows no domain: as in api/, it finds the one there is.
constinit Domain* resting_domain = nullptr;

class Resting : public DomainTest {
 protected:
  static constexpr std::size_t kRun = kMiB, kMapping = 64 * kMiB;

  static bool is_open(const void* address) {
    std::byte byte;
    return os::read_memory(reinterpret_cast<Address>(address), &byte, 1);
  }
  CheckedBlock find(void* block) { return find_checked_block(*domain_, wild(block).address()); }

  static void watch() {
    constexpr os::SignalAction kDefault{};
    for (const int signal : {SIGSEGV, SIGBUS}) os::set_signal_action(signal, &kDefault, nullptr);
    install_crash_report();
    start_signal_relay();
    watch_faults({[](Address address) noexcept { return is_guard_hit(*resting_domain, address); },
                  [](const MemoryFault& fault) noexcept {
                    report_guard_hit(*resting_domain, fault, false);
                  },
                  relay_to_program});
  }
  template <class Touch>
  std::string report_of(Violation violation, std::size_t bytes, Touch touch) {
    resting_domain = domain_.get();
    return expect_finding(violation, kIntegrityLevel, [&] {
      watch();
      volatile char* const block = static_cast<volatile char*>(allocate(bytes));
      release(const_cast<char*>(block));
      touch(block);
    });
  }
};

TEST_F(Resting, ALargeBlockIsClosedToItsLastByteAndKeepsItsRecord) {
  for (const std::size_t bytes : {kRun, kMapping}) {
    std::byte* const block = static_cast<std::byte*>(allocate(bytes));
    EXPECT_TRUE(is_open(block));
    release(block);
    EXPECT_FALSE(is_open(block));
    EXPECT_FALSE(is_open(block + bytes - 1));
    ASSERT_NE(find(block).record, nullptr);
    EXPECT_EQ(find(block).record->state(), BlockState::Quarantined);
    EXPECT_EQ(sweep_at_exit(*domain_), 0u);
  }
}

TEST_F(Resting, ABlockThatItsFillCoversIsFilledAndStaysOpen) {
  std::byte* const block = static_cast<std::byte*>(allocate(kFillBytesMax));
  release(block);
  EXPECT_TRUE(is_open(block));
  EXPECT_EQ(block[kFillBytesMax - 1], std::byte{kFreedByte});
}

TEST_F(Resting, AWriteIsAWriteAfterFreeAndAReadAGuardHit) {
  EXPECT_NE(report_of(Violation::kWriteAfterFree, kRun, [](volatile char* block) {
              block[kRun / 2] = 0;
            }).find("wrote at +524288 of a freed 1048576-byte block: write after free."),
            std::string::npos);
  const std::string read =
      report_of(Violation::kGuardHit, kMapping,
                [](volatile char* block) { static_cast<void>(block[kMapping - 1]); });
  EXPECT_NE(read.find("The program read at +67108863 of a freed 67108864-byte block: read after "
                      "free."),
            std::string::npos) << read;
  EXPECT_NE(read.find("  FREED "), std::string::npos) << read;
  EXPECT_NE(read.find("  ALLOCATED "), std::string::npos) << read;
  report_of(Violation::kWriteAfterFree, kRun, [](volatile char* block) { block[-1] = 0; });
}

TEST_F(Resting, TheOldestBlockIsOpenedAgainForItsNextUser) {
  domain_->checks.resting_large = {.blocks = 2, .bytes = kGiB};
  void* const first = allocate(kRun);
  release(first);
  release(allocate(kRun));
  EXPECT_FALSE(is_open(first));
  release(allocate(kRun));
  EXPECT_TRUE(is_open(first)) << "two rest, and it was the third";
  std::byte* const next = static_cast<std::byte*>(allocate_zeroed(kRun));
  EXPECT_EQ(next, first);
  for (std::size_t i = 0; i < kRun; i += kPageBytes / 2) ASSERT_EQ(next[i], std::byte{0});
  release(next);
}

TEST_F(Resting, WhatCannotBeClosedIsFilled) {
  release(allocate(kRun));  // both queues have their memory
  release(allocate(100));
  std::byte* const block = static_cast<std::byte*>(allocate(kRun));
  os::plan_faults_for_test({.fail_from = 1});
  release(block);
  os::plan_faults_for_test({});
  EXPECT_TRUE(is_open(block));
  EXPECT_EQ(block[0], std::byte{kFreedByte});
  EXPECT_EQ(find(block).record->state(), BlockState::Quarantined);
}

TEST_F(Resting, WhatCannotBeOpenedIsNeverUsedAgain) {
  domain_->checks.resting_large = {.blocks = 1, .bytes = kGiB};
  void* const block = allocate(kRun);
  void* const other = allocate(kRun);
  release(block);
  os::plan_faults_for_test({.fail_from = 1, .spare_releases = true});
  release(other);
  os::plan_faults_for_test({});
  EXPECT_FALSE(is_open(block));
  EXPECT_EQ(find(block).record->state(), BlockState::Quarantined);
  void* const next = allocate(kRun);
  EXPECT_NE(next, block);
  release(next);
}

/// The n-th free of a block of this size ends the rest of the first.
TEST_F(Resting, WhatIsFoundAtTheEndOfARestIsMendedIfTheProgramGoesOn) {
  limit_quarantine(*domain_, 1, kMiB);
  const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
    volatile char* const block = static_cast<volatile char*>(allocate(100));
    release(const_cast<char*>(block));
    block[8] = 7;
    block[-9] = 7;
    release(allocate(200));
    const unsigned found = findings_published();
    void* const again = allocate(100);
    return again == block && found == 2 && findings_published() == 2 ? 7 : 1;
  });
  EXPECT_TRUE(run.exited_with(7)) << run.status << run.errors;
  EXPECT_TRUE(run.says(headline_of(Violation::kWriteAfterFree))) << run.errors;
  EXPECT_TRUE(run.says(headline_of(Violation::kUnderflow))) << run.errors;
}

TEST_F(Resting, WhatRestsAndIsInUseWasHandedOutTwice) {
  limit_quarantine(*domain_, 1, kMiB);
  expect_finding(Violation::kHandedOutTwice, kIntegrityLevel, [&] {
    void* const block = allocate(100);
    release(block);
    find(block).record->publish(BlockState::Live);
    release(allocate(200));
  });
}

TEST_F(Resting, AThreadThatGetsNoHeapLetsNothingRest) {
  void* const block = allocate(100);
  void* const large = allocate(kRun);
  os::plan_faults_for_test({.fail_from = 1, .spare_releases = true});
  ThreadState other(*domain_);
  while (attach_thread(*domain_, other)) other = ThreadState(*domain_);  // until memory is out
  release(other, block);
  release(other, large);
  os::plan_faults_for_test({});
  EXPECT_FALSE(has_heap(*domain_, other));
  EXPECT_EQ(find(block).record->state(), BlockState::Free);
  EXPECT_EQ(resting_large_blocks(*domain_), 0u);
}

TEST_F(Resting, WhenMemoryIsRefusedWhatRestsIsUsed) {
  void* const block = allocate(kRun);
  release(block);
  StackTrace stack;
  let_rest_go(*domain_, thread_, {0, 0, &stack});
  EXPECT_TRUE(is_open(block));
  EXPECT_EQ(resting_large_blocks(*domain_), 0u);
}

}  // namespace
}  // namespace hakmem
