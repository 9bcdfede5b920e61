// report_guard.h on Linux: signal dispositions and stacks by system call.
#include "integrity/report_guard.h"

#include "os/os_signal.h"

// AddressSanitizer's, null without it.
extern "C" __attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* begin,
                                                                    std::size_t size);

namespace hakmem {

namespace {

constexpr int kGuarded[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
constexpr std::size_t kGuardedCount = sizeof kGuarded / sizeof kGuarded[0];
constexpr std::size_t kFaultStackBytes = 16 * kKiB;

// One report at a time: under the reporter, see report.h.
alignas(16) constinit std::byte report_stack[kReportStackBytes] = {};
alignas(16) constinit std::byte fault_stack[kFaultStackBytes] = {};
constinit os::SignalAction actions_before[kGuardedCount] = {};
constinit stack_t stack_before = {};
constinit bool stack_changed = false;
constinit std::uint64_t mask_before = 0;
constinit ReportFault report_fault = nullptr;

void on_fault(int signal, siginfo_t* info, void*) {
  report_fault(signal, reinterpret_cast<Address>(info->si_addr));
}

}  // namespace

void guard_report(ReportFault fault) noexcept {
  report_fault = fault;
  mask_before = os::block_asynchronous_signals();
  stack_t stack{};
  stack.ss_sp = fault_stack;
  stack.ss_size = sizeof fault_stack;
  // Refused while we run on the program's alternate stack: then faults are handled there as well.
  stack_changed = os::set_signal_stack(&stack, &stack_before);
  const os::SignalAction action = os::handle_with(on_fault);
  for (std::size_t i = 0; i < kGuardedCount; ++i) {
    os::set_signal_action(kGuarded[i], &action, &actions_before[i]);
  }
}

void unguard_report() noexcept {
  for (std::size_t i = 0; i < kGuardedCount; ++i) {
    os::set_signal_action(kGuarded[i], &actions_before[i], nullptr);
  }
  if (stack_changed) os::set_signal_stack(&stack_before, nullptr);
  os::restore_signal_mask(mask_before);
}

void run_on_report_stack(void (*work)()) noexcept {
  // A fork during a report leaves frames on the child's copy of the stack that nobody returns from,
  // and so does the handler of a fault that goes on with the report, for the next fault's.
  if (__asan_unpoison_memory_region != nullptr) {
    __asan_unpoison_memory_region(report_stack, sizeof report_stack);
    __asan_unpoison_memory_region(fault_stack, sizeof fault_stack);
  }
  os::run_on_stack(report_stack + sizeof report_stack, work);
}

std::size_t report_stack_used_for_test() noexcept {
  std::size_t unused = 0;
  while (unused < sizeof report_stack && report_stack[unused] == std::byte{0}) ++unused;
  return sizeof report_stack - unused;
}

}  // namespace hakmem
