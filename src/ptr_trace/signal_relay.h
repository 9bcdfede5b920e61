// The program's own dispositions of SIGSEGV and SIGBUS while page mode keeps the kernel's for
// itself: what a program sets is remembered, and its handler is called for faults that are not
// ours. Called by api/ for the program's sigaction() and signal(), and by the crash handler.
// Invariant: the kernel's action has the program's flags and mask but our handler, so that stack,
// blocked signals and restarts are as the program asked.
//
// PROTOCOL signal relay
//   One lock guards the remembered actions and the kernel's, which change together; it is held
//   with the thread's signals blocked, over copies and one system call. So no handler
//   runs on the holder's thread, and the crash handler may wait for it. fork() takes it first.
//   Breaks it: touching the program's memory while holding it.
#pragma once

#include "os/lock.h"
#include "os/os_signal.h"

namespace hakmem {

/// Relays from now on; what is installed in the kernel is ours. Once, while there is one thread.
void start_signal_relay() noexcept;

/// True for a signal whose disposition the program may only have through us.
bool relays_signal(int signal) noexcept;

/// As sigaction(2), for a relayed signal; `replacement` and `before` may be null, and are not the
/// program's memory.
void relay_signal_action(int signal, const os::SignalAction* replacement,
                         os::SignalAction* before) noexcept;

/// Runs the program's handler, if it has one; true when nothing else is to be done. For FaultWatch.
bool relay_to_program(int signal, siginfo_t* info, os::MachineContext context) noexcept;

Lock& signal_relay_lock_for_fork() noexcept;

}  // namespace hakmem
