// Signals and stacks of the machine, by system call: dispositions are saved and restored exactly as
// the kernel has them, past any interposed sigaction(). Called by the report and the crash handler.
#pragma once

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace hakmem::os {

/// The interrupted thread's state (ucontext_t), as the kernel hands it to a handler.
using MachineContext = void*;
using SignalHandler = void (*)(int signal, siginfo_t* info, MachineContext context);

/// The kernel's struct sigaction. A null handler is the default disposition.
struct SignalAction {
  SignalHandler handler = nullptr;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  std::uint64_t mask = 0;  ///< signals blocked while the handler runs; bit n-1 is signal n
};

/// An action that runs `handler` on the alternate stack if the thread has one.
SignalAction handle_with(SignalHandler handler) noexcept;

/// Sets the disposition of a signal and tells the one before. `replacement` may be null.
bool set_signal_action(int signal, const SignalAction* replacement, SignalAction* before) noexcept;

/// Blocks every signal of this thread that is not raised by its own instructions (SIGSEGV, SIGBUS,
/// SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS stay open). Returns the mask before.
std::uint64_t block_asynchronous_signals() noexcept;
void restore_signal_mask(std::uint64_t mask) noexcept;
/// sigprocmask(2): `how` is SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK; `mask` may be null. Returns 0 or
/// an errno value.
int change_signal_mask(int how, const std::uint64_t* mask, std::uint64_t* before) noexcept;

/// Sets this thread's alternate signal stack; `before` may be null. False when it is in use.
bool set_signal_stack(const stack_t* replacement, stack_t* before) noexcept;

/// Ends the process by SIGABRT, whatever the program has made of that signal, so that a core is
/// left where the system leaves any.
[[noreturn]] void abort_now() noexcept;

/// Sends a signal to this thread again, with what it carried.
void raise_again(int signal, const siginfo_t& info) noexcept;

/// Calls function(argument) on another stack; `top` is 16-byte aligned. Debuggers and unwinders
/// see the caller's frames behind it.
extern "C" void hak_run_on_stack(void (*function)(void*), void* argument,
                                 std::byte* top) noexcept;

inline void run_on_stack(std::byte* top, void (*work)()) noexcept {
  hak_run_on_stack([](void* argument) { (*static_cast<void (**)()>(argument))(); }, &work, top);
}

/// First address above this thread's static thread-local storage, where pthread stacks end.
Address thread_pointer() noexcept;

/// An address near the upper end of the main thread's stack, 0 when the kernel did not tell.
Address main_stack_anchor() noexcept;

}  // namespace hakmem::os
