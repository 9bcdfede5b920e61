// Crashes and hangs inside a schedule become findings. Called by the engine once. Invariant:
// outside of a schedule the signals do what they do without us.
#pragma once

namespace explore {

/// SIGSEGV, SIGBUS, SIGFPE and SIGILL on a fiber end the schedule; so do `hang_seconds` without a
/// new schedule.
void install_signal_handlers(unsigned hang_seconds);

}  // namespace explore
