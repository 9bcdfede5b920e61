// os_signal.h on Linux x86-64.
#include "os/os_signal.h"

#include <elf.h>
#include <sys/auxv.h>

#include "base/violation.h"
#include "os/os.h"
#include "os/syscall_linux.h"

// The bytes of hak_signal_return are what unwinders know a signal frame by; they must stay so.
asm(R"(
.pushsection .text
.hidden hak_signal_return
.globl hak_signal_return
.type hak_signal_return, @function
  nop
hak_signal_return:
  mov $15, %rax
  syscall
.size hak_signal_return, . - hak_signal_return

.hidden hak_run_on_stack
.globl hak_run_on_stack
.type hak_run_on_stack, @function
hak_run_on_stack:
  .cfi_startproc
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  mov %rdx, %rsp
  mov %rdi, %rax
  mov %rsi, %rdi
  call *%rax
  mov %rbp, %rsp
  pop %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
.size hak_run_on_stack, . - hak_run_on_stack
.popsection
)");

extern "C" void hak_signal_return();

namespace hakmem::os {

namespace {

constexpr long kMaskBytes = sizeof(std::uint64_t);
constexpr unsigned long kHasRestorer = 0x04000000;  // SA_RESTORER, the kernel's own flag

constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

}  // namespace

SignalAction handle_with(SignalHandler handler) noexcept {
  SignalAction action;
  action.handler = handler;
  action.flags = SA_SIGINFO | SA_ONSTACK | kHasRestorer;
  action.restorer = hak_signal_return;
  return action;
}

bool set_signal_action(int signal, const SignalAction* replacement,
                       SignalAction* before) noexcept {
  return !is_error(
      system_call(SYS_rt_sigaction, signal, as_long(replacement), as_long(before), kMaskBytes));
}

std::uint64_t block_asynchronous_signals() noexcept {
  constexpr std::uint64_t kOwn = bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGILL) |
                                 bit_of(SIGFPE) | bit_of(SIGTRAP) | bit_of(SIGABRT) |
                                 bit_of(SIGSYS);
  const std::uint64_t blocked = ~kOwn;
  std::uint64_t before = 0;
  system_call(SYS_rt_sigprocmask, SIG_BLOCK, as_long(&blocked), as_long(&before), kMaskBytes);
  const std::uint64_t opened = kOwn;  // we may be inside a handler that blocks them
  system_call(SYS_rt_sigprocmask, SIG_UNBLOCK, as_long(&opened), 0, kMaskBytes);
  return before;
}

void restore_signal_mask(std::uint64_t mask) noexcept {
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, as_long(&mask), 0, kMaskBytes);
}

int change_signal_mask(int how, const std::uint64_t* mask, std::uint64_t* before) noexcept {
  const long result =
      system_call(SYS_rt_sigprocmask, how, as_long(mask), as_long(before), kMaskBytes);
  return is_error(result) ? static_cast<int>(-result) : 0;
}

bool set_signal_stack(const stack_t* replacement, stack_t* before) noexcept {
  return !is_error(system_call(SYS_sigaltstack, as_long(replacement), as_long(before)));
}

void abort_now() noexcept {
  const SignalAction by_default;
  set_signal_action(SIGABRT, &by_default, nullptr);
  const std::uint64_t opened = bit_of(SIGABRT);
  change_signal_mask(SIG_UNBLOCK, &opened, nullptr);
  system_call(SYS_tgkill, process_id(), thread_id(), SIGABRT);
  exit_now(exit_code::kSignalBase + SIGABRT);  // not reached while signals work
}

void raise_again(int signal, const siginfo_t& info) noexcept {
  system_call(SYS_rt_tgsigqueueinfo, process_id(), thread_id(), signal, as_long(&info));
}

Address thread_pointer() noexcept {
  Address pointer;
  asm("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}

Address main_stack_anchor() noexcept { return ::getauxval(AT_EXECFN); }

}  // namespace hakmem::os
