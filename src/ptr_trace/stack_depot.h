// Interns call stacks: equal stacks get one 32-bit id, so that a block's record stays small.
// Called by the checked gates. Memory comes from os::map in chunks as it is needed, is never freed,
// and its size is bounded; when it is full, intern() returns None and the report says that the
// stack is unknown.
//
//   tables   bucket heads (256 Ki ids) | chunk addresses | next free unit | count
//   chunk    entries of 8-byte units, none crosses a chunk: next id | hash | frames | pcs…
//   id       index of the entry's first unit + 1
//
// PROTOCOL stack depot
//   states: a unit is free, then one thread's (reserved by CAS on the next free unit), then, from
//     the CAS on the bucket's head on, everybody's and immutable.
//   put: search the bucket; fill a reserved entry; publish it by CAS on the head; if the head
//     moved, search only what was pushed meanwhile. A stack that another thread was quicker with
//     leaves its reserved units unused.
//   publishes: entry and its chunk by release on the head, acquire on reading it. An id that
//     travels by other ways needs the same of those.
//   progress: lock-free. Valid in signal handlers and after fork.
//   breaks it: publishing before the entry is filled; writing into an entry once published.
#pragma once

#include <atomic>
#include <cstdint>

#include "ptr_trace/backtrace.h"

namespace hakmem {

/// Names an interned stack; 0 is none.
enum class StackId : std::uint32_t { None = 0 };

/// Upper bound on the memory of a depot's entries; about 460 000 stacks of 16 frames.
inline constexpr std::size_t kStackDepotBytesMax = 64 * kMiB;
/// Ids count these; an entry takes as many as its header and frames need.
inline constexpr std::size_t kStackDepotUnitBytes = 8;

class StackDepot {
 public:
  constexpr StackDepot() noexcept = default;
  StackDepot(const StackDepot&) = delete;
  StackDepot& operator=(const StackDepot&) = delete;

  /// Returns the id of an equal stack, adding it if it is new. None when the stack is empty or
  /// memory is out.
  StackId intern(const StackTrace& stack) noexcept;
  /// Fills `out` with the stack of `id`; empty for None.
  void lookup(StackId id, StackTrace& out) const noexcept;
  /// Stacks interned so far.
  std::uint32_t count() const noexcept;

 private:
  struct Entry;
  struct Tables;
  Tables* tables() noexcept;
  static Entry* entry_of(const Tables& tables, std::uint32_t id) noexcept;
  static std::uint32_t find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                            std::uint32_t hash, const StackTrace& stack) noexcept;
  static std::uint32_t reserve(Tables& tables, std::uint32_t units) noexcept;

  std::atomic<Tables*> shared_tables_{nullptr};  // set once, never freed
};

}  // namespace hakmem
