// Which addresses around a stack pointer are surely stack: what a frame-pointer walk may read, and
// how much room an unwinder has. Called by backtrace.cc only.
// Invariant: every address in a `kept` range stays mapped as long as the thread runs on it.
#pragma once

#include "base/units.h"

namespace hakmem {

struct StackRange {
  Address low = 0;
  Address high = 0;
  /// The thread's own stack: mapped until the thread ends. Otherwise (a coroutine's, a signal
  /// stack) only the room is known, and reads go through the kernel.
  bool kept = false;

  constexpr bool holds_word(Address place) const noexcept {
    return place >= low && place <= high - sizeof(Address);
  }
  constexpr bool contains(Address address) const noexcept {
    return address >= low && address < high;
  }
};

/// The range around `stack_pointer`, from this thread's cache or from /proc/self/maps (tens of
/// microseconds, once a thread). Empty when nothing is known.
StackRange stack_range_around(Address stack_pointer) noexcept;

}  // namespace hakmem
