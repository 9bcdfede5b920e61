// A program's dispositions behind the relay behave as the kernel would have them.
#include "ptr_trace/signal_relay.h"

#include <gtest/gtest.h>
#include <setjmp.h>

#include "integrity/poison_crash.h"
#include "integrity/run_child_for_test.h"
#include "ptr_trace/crash_handler.h"

namespace hakmem {
namespace {

sigjmp_buf recovery;
constinit volatile int handled = 0;

template <class Body>
ChildRun run_relayed(Body body) {
  return run_child([&body] {
    constexpr os::SignalAction kDefault{};
    for (const int signal : {SIGSEGV, SIGBUS}) os::set_signal_action(signal, &kDefault, nullptr);
    install_crash_report();
    start_signal_relay();
    watch_faults({nullptr, nullptr, relay_to_program});
    body();
  });
}

void fault() { *reinterpret_cast<volatile int*>(16) = 1; }

os::SignalAction action_with(os::SignalHandler handler, unsigned long more_flags = 0) {
  os::SignalAction action = os::handle_with(handler);
  action.flags |= more_flags;
  return action;
}

void recover(int, siginfo_t*, void*) {
  handled = handled + 1;
  siglongjmp(recovery, 1);
}

TEST(SignalRelay, AHandlerThatJumpsOutIsCalledEachTime) {
  const ChildRun run = run_relayed([] {
    const os::SignalAction mine = action_with(recover);
    relay_signal_action(SIGSEGV, &mine, nullptr);
    while (handled < 3) {
      if (sigsetjmp(recovery, 1) == 0) fault();
    }
    _exit(handled);
  });
  EXPECT_TRUE(run.exited_with(3)) << run.status;
}

TEST(SignalRelay, TheProgramSeesItsOwnActionsAndNeverOurs) {
  const ChildRun run = run_relayed([] {
    os::SignalAction before;
    relay_signal_action(SIGSEGV, nullptr, &before);
    if (before.handler != nullptr) _exit(1);
    const os::SignalAction mine = action_with(recover);
    relay_signal_action(SIGSEGV, &mine, &before);
    relay_signal_action(SIGSEGV, nullptr, &before);
    _exit(before.handler == recover ? 0 : 2);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status;
}

TEST(SignalRelay, AHandlerForOneTimeIsGoneTheSecondTime) {
  const ChildRun run = run_relayed([] {
    const os::SignalAction mine = action_with(recover, SA_RESETHAND);
    relay_signal_action(SIGSEGV, &mine, nullptr);
    if (sigsetjmp(recovery, 1) == 0) fault();
    if (sigsetjmp(recovery, 1) == 0) fault();
    _exit(1);
  });
  EXPECT_TRUE(run.killed_by(SIGSEGV)) << run.status;
}

TEST(SignalRelay, AnIgnoredFaultStillEndsTheProgramAndAnIgnoredSignalDoesNot) {
  const auto ignore = [] {
    struct sigaction ignoring {};
    ignoring.sa_handler = SIG_IGN;
    os::SignalAction mine;
    mine.handler = ignoring.sa_sigaction;
    relay_signal_action(SIGSEGV, &mine, nullptr);
  };
  const ChildRun faulting = run_relayed([&] {
    ignore();
    fault();
  });
  EXPECT_TRUE(faulting.killed_by(SIGSEGV)) << faulting.status;
  const ChildRun sent = run_relayed([&] {
    ignore();
    kill(getpid(), SIGSEGV);
    _exit(5);
  });
  EXPECT_TRUE(sent.exited_with(5)) << sent.status;
}

TEST(SignalRelay, OnlyTheTwoSignalsOfFaultsAreRelayed) {
  const ChildRun run = run_relayed([] {
    const bool right = relays_signal(SIGSEGV) && relays_signal(SIGBUS) && !relays_signal(SIGTERM);
    _exit(right ? 0 : 1);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status;
  EXPECT_FALSE(relays_signal(SIGSEGV)) << "not before it is started";
}

}  // namespace
}  // namespace hakmem
