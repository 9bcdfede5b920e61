// Call stacks, captured at the API's edge before any lock of ours is held.
// Called by the checked gates (level 4) and by the report. The unwinder must not allocate:
// `auto` is libunwind's cached trace, `safe` libgcc's, `fp` frame pointers, `caller` one PC.
// Only level 4 warms up, which loads libunwind; without it, as at levels 1 to 3, where stacks are
// taken for a finding alone, `auto` is `safe`.
//
// Stack used: 4.8 KiB by libunwind on a cold cache, 2 KiB by libgcc, 1 KiB by frame pointers. With
// less than that left before the stack's end, capture_stack() takes the next smaller method.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace hakmem {

class ShadowStack;
class StackDepot;
/// Names an interned stack; 0 is none.
enum class StackId : std::uint32_t { None = 0 };

inline constexpr std::uint32_t kStackFramesMax = 32;

/// Program counters, innermost first. Return addresses, so the call is at pc - 1.
struct StackTrace {
  std::uint32_t count = 0;
  Address pcs[kStackFramesMax];
};

enum class StackMethod : std::uint8_t { Auto, Safe, FramePointer, Caller };

/// The method that an option's value names; false when it names none.
bool parse_stack_method(const char* text, StackMethod& out) noexcept;

/// Loads libunwind, fills the unwinders' caches and lets them allocate what they ever will; call
/// once at start-up, while there is one thread.
void warm_up_backtrace() noexcept;

/// Call in the child after fork(). When the parent had threads, `auto` becomes `safe`: another
/// thread may have held one of libunwind's locks, and that thread does not exist here.
void backtrace_after_fork_in_child() noexcept;

/// Call before a library is unloaded: `auto` becomes `safe`, since libunwind keeps what it knows of
/// an address when other code moves there.
void forget_cached_frames() noexcept;

/// Captures up to `frames_max` frames of the calling thread, dropping those inside this library.
/// `caller` is the return address of the API function; it is frame 0 when unwinding gives nothing.
/// Re-entrant calls (a signal inside the unwinder) get the caller alone.
void capture_stack(StackMethod method, std::uint32_t frames_max, Address caller,
                   StackTrace& out) noexcept;

/// The same for a thread that makes many captures and has a shadow stack. Returns the depot's id of
/// the stack; None when it was not remembered, or the depot is full.
StackId capture_stack(StackMethod method, std::uint32_t frames_max, Address caller,
                      StackTrace& out, ShadowStack& shadow, StackDepot& depot) noexcept;

}  // namespace hakmem
