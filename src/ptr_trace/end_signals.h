// Signals whose default ends the process: before it does, somebody may look at the heap. Installed
// once at start-up at level 4, by api/, which also hides it from the program: where the program has
// the default disposition the kernel has our handler, and nowhere else.
// Invariant: unless the look ends the process, it ends by the same signal as without us.
#pragma once

#include "os/os_signal.h"

namespace hakmem {

/// Runs in the handler, on the thread that the signal hit, once in a process: of two signals the
/// second one looks no more. May end the process. Must not wait for a lock.
using EndLook = void (*)() noexcept;

/// Watches from now on those of the signals that have the default disposition; faults are left to
/// the crash handler, which calls look_before_end() itself.
void watch_end_signals(EndLook look) noexcept;

/// Called before a signal ends the process; nothing without a watch.
void look_before_end() noexcept;

/// True for a signal whose default disposition is ours to carry out.
bool is_end_signal(int signal) noexcept;
/// The handler that the kernel has where the program has the default disposition.
void on_end_signal(int signal, siginfo_t* info, os::MachineContext context);

}  // namespace hakmem
