// Interns call stacks: equal stacks get one 32-bit id, so that a block's record stays small.
// Called by the checked gates. Memory comes from os::map, is never freed, and its size is bounded;
// when it is full, intern() returns kNoStack and the report says that the stack is unknown.
//
// PROTOCOL stack depot
//   A bucket is a lock-free push-only list of immutable entries. put: find by release/acquire, else
//   fill an entry, then publish it by CAS on the bucket. Readers need no lock; entries never move.
#pragma once

#include <cstdint>

#include "ptr_trace/backtrace.h"

namespace hakmem {

/// Names an interned stack; 0 is none.
enum class StackId : std::uint32_t { None = 0 };

class StackDepot {
 public:
  constexpr StackDepot() noexcept = default;
  StackDepot(const StackDepot&) = delete;
  StackDepot& operator=(const StackDepot&) = delete;

  /// Returns the id of an equal stack, adding it if it is new. None when memory is out.
  StackId intern(const StackTrace& stack) noexcept;
  /// Fills `out` with the stack of `id`; empty for None.
  void lookup(StackId id, StackTrace& out) const noexcept;
  /// Stacks interned so far.
  std::uint32_t count() const noexcept;

 private:
  struct Tables;
  Tables* tables() noexcept;
  Tables* shared_tables_ = nullptr;  // set once; see the .cc
};

}  // namespace hakmem
