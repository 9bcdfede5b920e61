// HK108 names the freed block that the pattern was read from, with both stacks, when a register or
// the stack still points into it; and names none that reads otherwise.
#include "gate/poisoned_block.h"

#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "gate/page_mode_for_test.h"
#include "integrity/poison_crash.h"

namespace hakmem {
namespace {

constinit Domain* poisoned_domain = nullptr;

class PoisonedBlock : public DomainTest {
 protected:
  /// A finding for a crash of code that held these pointers.
  Finding describe(std::initializer_list<HeldPointer> pointers) {
    PoisonCrash crash;
    for (const HeldPointer& held : pointers) crash.held[crash.held_count++] = held;
    Finding finding;
    finding.confidence = "high";
    describe_poisoned_block(*domain_, crash, finding);
    return finding;
  }
  static HeldPointer in_register(const void* address) {
    return {"rbx", reinterpret_cast<Address>(address), false};
  }
  static HeldPointer on_stack(const void* address) {
    return {"the stack", reinterpret_cast<Address>(address), true};
  }
};

TEST_F(PoisonedBlock, ARegisterThatPointsIntoAFreedBlockNamesIt) {
  char* const block = static_cast<char*>(allocate(100));
  release(block);
  const Finding finding = describe({in_register(block + 16)});
  EXPECT_TRUE(finding.block.known);
  EXPECT_EQ(finding.block.user, reinterpret_cast<Address>(block));
  EXPECT_EQ(finding.block.request_bytes, 100u);
  EXPECT_EQ(finding.address, reinterpret_cast<Address>(block + 16));
  EXPECT_EQ(finding.allocated.sequence, 1u);
  EXPECT_EQ(finding.freed.sequence, 2u);
  EXPECT_NE(finding.freed.stack.count, 0u);
  EXPECT_NE(finding.allocated.stack.count, 0u);
  EXPECT_STREQ(finding.sentence, " rbx points into a freed 100-byte block that reads so.");
  EXPECT_STREQ(finding.confidence, "high");
}

TEST_F(PoisonedBlock, TheStackIsAWeakerWitness) {
  void* const block = allocate(100);
  release(block);
  const Finding finding = describe({on_stack(block)});
  EXPECT_EQ(finding.block.user, reinterpret_cast<Address>(block));
  EXPECT_STREQ(finding.sentence, " Its stack points into a freed 100-byte block that reads so.");
  EXPECT_STREQ(finding.confidence, "medium");
}

TEST_F(PoisonedBlock, OfTwoBlocksTheFirstIsNamedWithLessConfidence) {
  void* const one = allocate(100);
  void* const other = allocate(200);
  release(one);
  release(other);
  const Finding finding = describe({in_register(other), in_register(one), in_register(other)});
  EXPECT_EQ(finding.block.user, reinterpret_cast<Address>(other));
  EXPECT_STREQ(finding.confidence, "medium");
}

TEST_F(PoisonedBlock, WhatIsNotFreedOrReadsOtherwiseIsNotNamed) {
  char* const live = static_cast<char*>(allocate(100));
  char* const freed = static_cast<char*>(allocate(100));
  release(freed);
  freed[8] = 7;
  int local = 0;
  EXPECT_FALSE(describe({in_register(live), in_register(freed + 8), in_register(&local),
                         in_register(nullptr), in_register(freed + 100)})
                   .block.known);
  freed[8] = static_cast<char>(0xa2);
  release(live);
}

TEST_F(PoisonedBlock, OneThatLeftItsRestIsNamedAndItsCanariesAreNot) {
  limit_quarantine(*domain_, 0, 0);
  void* const neighbour = allocate(100);
  char* const block = static_cast<char*>(allocate(100));
  release(block);
  EXPECT_FALSE(describe({in_register(block - 1)}).block.known);
  const Finding finding = describe({in_register(block + 16)});
  EXPECT_EQ(finding.block.user, reinterpret_cast<Address>(block));
  EXPECT_STREQ(finding.block.state, "freed");
  release(neighbour);
}

/// Whoever touches their pages has faulted.
TEST_F(PoisonedBlock, ClosedBlocksHoldNoPattern) {
  char* const large = static_cast<char*>(allocate(kMiB));
  release(large);
  EXPECT_FALSE(describe({in_register(large + 16)}).block.known);
  ASSERT_NO_FATAL_FAILURE(enable_page_mode(*domain_, PageSide::After));
  char* const page = static_cast<char*>(allocate(100));
  release(page);
  EXPECT_FALSE(describe({in_register(page + 16)}).block.known);
}

TEST_F(PoisonedBlock, ACrashThroughAFreedBlockShowsBothStacks) {
  poisoned_domain = domain_.get();
  const std::string report = expect_finding(Violation::kPoisonCrash, kIntegrityLevel, [&] {
    constexpr os::SignalAction kDefault{};
    for (const int signal : {SIGSEGV, SIGBUS}) os::set_signal_action(signal, &kDefault, nullptr);
    install_crash_report([](const PoisonCrash& crash, Finding& finding) noexcept {
      describe_poisoned_block(*poisoned_domain, crash, finding);
    });
    void* const block = allocate(64);
    release(block);
    // The pattern in one register, where it was read in another.
    asm volatile("movq (%0), %%rax\n\tmovl (%%rax), %%eax" : : "b"(block) : "rax", "memory");
  });
  EXPECT_NE(report.find("rbx points into a freed 64-byte block"), std::string::npos) << report;
  EXPECT_NE(report.find("\n  FREED     T"), std::string::npos) << report;
  EXPECT_NE(report.find("\n  ALLOCATED T"), std::string::npos) << report;
}

}  // namespace
}  // namespace hakmem
