// Remembers which id the depot gave a caller's address, for one thread: at level 3 a stack is one
// address, and a program has few that allocate. Called by the checked gates.
// Invariant: a slot holds what the depot said of its address, or 0 and None; ids never change.
#pragma once

#include "ptr_trace/stack_depot.h"

namespace hakmem {

class CallerCache {
 public:
  struct Slot {
    Address caller = 0;
    StackId id = StackId::None;
  };

  /// The slot of a caller: its id if it is the caller's, else to be filled.
  Slot& slot_of(Address caller) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
    return slots_[caller * kMultiplier >> (64 - kSlotsLog2)];
  }

 private:
  static constexpr int kSlotsLog2 = 6;
  Slot slots_[std::size_t{1} << kSlotsLog2];
};

}  // namespace hakmem
