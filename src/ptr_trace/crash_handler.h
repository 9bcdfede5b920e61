// Recognises crashes that come from freed memory: the program read a pointer out of a freed block,
// got the fill pattern, and followed it; and, with a watch, accesses to pages that are ours and
// closed. Installed once at start-up at level 4, by integrity/ and, the watch, by api/.
// Invariant: any other crash ends the program exactly as without us. A handler that the program
// installs replaces ours or, with a watch, gets the faults that are not ours (signal_relay.h).
#pragma once

#include <cstdint>

#include "os/os_signal.h"
#include "ptr_trace/backtrace.h"

namespace hakmem {

/// What fills freed blocks at level 3 and above, as eight bytes of a pointer.
inline constexpr std::uint64_t kFreedPattern = 0xa2a2a2a2a2a2a2a2;
/// A member of an object is at most this far from a poisoned base.
inline constexpr std::uint64_t kPoisonReach = 4096;

constexpr bool is_near_poison(std::uint64_t value) noexcept {
  return value - (kFreedPattern - kPoisonReach) <= 2 * kPoisonReach;
}

/// What the faulting code had at hand: in a register, or near the top of its stack.
struct HeldPointer {
  const char* place = "";    ///< the register's name; "the stack"
  Address value = 0;
  bool on_stack = false;
};
/// Words of the stack that are looked at: the frame of a function compiled without optimisation.
inline constexpr std::size_t kHeldStackWords = 32;
inline constexpr std::size_t kHeldPointersMax = 16 + kHeldStackWords;

struct PoisonCrash {
  int signal = 0;
  const char* place = "";    ///< "rax" and the like, "a called pointer", "the fault address"
  std::uint64_t value = 0;   ///< what was found there
  StackTrace stack{};        ///< of the faulting instruction
  std::uint32_t held_count = 0;
  HeldPointer held[kHeldPointersMax];  ///< registers first, then the stack from its top
};

/// Called in the signal handler, on the faulting thread; ends the process.
using PoisonCrashHandler = void (*)(const PoisonCrash& crash) noexcept;

/// An access that the kernel refused.
struct MemoryFault {
  enum class Access : std::uint8_t { Read, Write, Execute };
  int signal = 0;
  Access access = Access::Read;
  Address address = 0;       ///< of the first byte that could not be accessed
  Address pc = 0;            ///< of the faulting instruction
  StackTrace stack{};        ///< of the faulting instruction
};

/// Who looks at faults before anything else does. All three run in the signal handler, on the
/// faulting thread, and take no lock that a faulting thread could hold.
struct FaultWatch {
  bool (*claims)(Address address) noexcept = nullptr;
  void (*report)(const MemoryFault& fault) noexcept = nullptr;  ///< ends the process
  /// Runs the program's own handler for a fault that nobody claimed; false when it has none.
  bool (*relay)(int signal, siginfo_t* info, os::MachineContext context) noexcept = nullptr;
};

/// Watches from now on. Once, after install_crash_handler(), while there is one thread.
void watch_faults(const FaultWatch& watch) noexcept;

/// The handler itself, for whoever installs it with other flags (signal_relay.h).
void on_crash(int signal, siginfo_t* info, os::MachineContext context);

/// Handles SIGSEGV and SIGBUS from now on, and gives this thread an alternate signal stack if it
/// has none.
void install_crash_handler(PoisonCrashHandler handler) noexcept;

}  // namespace hakmem
