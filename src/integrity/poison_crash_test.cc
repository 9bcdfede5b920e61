// A crash on the fill of freed memory is HK108; every other crash ends as it would without us.
#include "integrity/poison_crash.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/compiler.h"
#include "integrity/report.h"
#include "integrity/run_child_for_test.h"
#include "os/os_signal.h"
#include "ptr_trace/crash_handler.h"

namespace hakmem {
namespace {

constexpr std::uint64_t kMemberOffset = 24;

/// The children's: no symbolizer unless a test asks, so that tests stay short.
constinit Options poison_options{.symbolize = false};

template <class Body>
ChildRun run_with_handler(Body body) {
  set_report_context({&poison_options, 4});
  return run_child([&body] {
    // Whatever the test program was built with: its handler is not the subject.
    constexpr os::SignalAction kDefault{};
    for (const int signal : {SIGSEGV, SIGBUS}) os::set_signal_action(signal, &kDefault, nullptr);
    install_crash_report();
    body();
  });
}

HAK_NOINLINE int read_through(std::uint64_t pointer) {
  int value;  // read by an instruction of this function in every build
  asm volatile("movl (%1), %0" : "=r"(value) : "a"(pointer));
  return value;
}

TEST(PoisonCrash, ReadingThroughAPoisonedPointerIsReportedWithTheRegister) {
  const ChildRun run = run_with_handler([] { read_through(kFreedPattern + kMemberOffset); });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("HK108 crash on a poison pattern")) << run.errors;
  EXPECT_TRUE(run.says(": rax was 0xa2a2a2a2a2a2a2ba, the fill of freed blocks.")) << run.errors;
  EXPECT_TRUE(run.says("  DETECTED  T")) << run.errors;
}

TEST(PoisonCrash, TheStackBeginsAtTheFaultingFunction) {
  poison_options.symbolize = true;
  const ChildRun run = run_with_handler([] { read_through(kFreedPattern); });
  poison_options.symbolize = false;
  const std::size_t first = run.errors.find("    #0 ");
  ASSERT_NE(first, std::string::npos) << run.errors;
  const std::string line = run.errors.substr(first, run.errors.find('\n', first) - first);
  EXPECT_NE(line.find("read_through"), std::string::npos) << run.errors;
}

struct Object {
  std::uint64_t padding[2];
  void (*callback)();
};

HAK_NOINLINE void call_member(Object* object) {
  // One instruction, so that the pointer is in no register when it faults.
  asm volatile("call *16(%0)" : : "r"(object) : "memory");
}

TEST(PoisonCrash, CallingAPoisonedMemberIsRecognisedThoughNoRegisterHoldsIt) {
  const ChildRun run = run_with_handler([] {
    static Object object;
    const std::uint64_t poison = kFreedPattern;
    __builtin_memcpy(&object.callback, &poison, sizeof poison);
    call_member(&object);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("a called pointer was 0xa2a2a2a2a2a2a2a2")) << run.errors;
}

TEST(PoisonCrash, OtherCrashesEndWithTheirOwnSignalAndWithoutAWord) {
  const ChildRun null = run_with_handler([] { read_through(0); });
  EXPECT_TRUE(null.killed_by(SIGSEGV)) << null.status;
  EXPECT_EQ(null.errors, "");
  // No address of x86-64's either, but not ours.
  const ChildRun wild = run_with_handler([] { read_through(0xb0b0b0b0b0b0b0b0); });
  EXPECT_TRUE(wild.killed_by(SIGSEGV)) << wild.status;
  EXPECT_EQ(wild.errors, "");
}

TEST(PoisonCrash, AFaultWithAnAddressIsNotBlamedOnARegisterThatHappensToBePoisoned) {
  const ChildRun run = run_with_handler([] {
    asm volatile("mov %0, %%r15\n\tmovl $0, 16" : : "r"(kFreedPattern) : "r15", "memory");
  });
  EXPECT_TRUE(run.killed_by(SIGSEGV)) << run.status;
  EXPECT_EQ(run.errors, "");
}

TEST(PoisonCrash, ASignalThatSomebodySentStillArrives) {
  const ChildRun run = run_with_handler([] { kill(getpid(), SIGBUS); });
  EXPECT_TRUE(run.killed_by(SIGBUS)) << run.status;
  EXPECT_EQ(run.errors, "");
}

TEST(PoisonCrash, TheProgramsOwnHandlerReplacesOurs) {
  const ChildRun run = run_with_handler([] {
    signal(SIGSEGV, [](int) { _exit(7); });
    read_through(kFreedPattern);
  });
  EXPECT_TRUE(run.exited_with(7)) << run.status;
}

TEST(PoisonCrash, ReachIsSymmetricAndBounded) {
  EXPECT_TRUE(is_near_poison(kFreedPattern - kPoisonReach));
  EXPECT_TRUE(is_near_poison(kFreedPattern + kPoisonReach));
  EXPECT_FALSE(is_near_poison(kFreedPattern - kPoisonReach - 1));
  EXPECT_FALSE(is_near_poison(kFreedPattern + kPoisonReach + 1));
  EXPECT_FALSE(is_near_poison(0));
}

}  // namespace
}  // namespace hakmem
