// Recognises crashes that come from freed memory: the program read a pointer out of a freed block,
// got the fill pattern, and followed it. Installed once at start-up at level 4, by integrity/.
// Invariant: any other crash ends the program exactly as without us, and a handler that the program
// installs simply replaces ours.
#pragma once

#include <cstdint>

#include "ptr_trace/backtrace.h"

namespace hakmem {

/// What fills freed blocks at level 3 and above, as eight bytes of a pointer.
inline constexpr std::uint64_t kFreedPattern = 0xa2a2a2a2a2a2a2a2;
/// A member of an object is at most this far from a poisoned base.
inline constexpr std::uint64_t kPoisonReach = 4096;

constexpr bool is_near_poison(std::uint64_t value) noexcept {
  return value - (kFreedPattern - kPoisonReach) <= 2 * kPoisonReach;
}

struct PoisonCrash {
  int signal = 0;
  const char* place = "";    ///< "rax" and the like, "a called pointer", "the fault address"
  std::uint64_t value = 0;   ///< what was found there
  StackTrace stack{};        ///< of the faulting instruction
};

/// Called in the signal handler, on the faulting thread; ends the process.
using PoisonCrashHandler = void (*)(const PoisonCrash& crash) noexcept;

/// Handles SIGSEGV and SIGBUS from now on, and gives this thread an alternate signal stack if it
/// has none.
void install_crash_handler(PoisonCrashHandler handler) noexcept;

}  // namespace hakmem
