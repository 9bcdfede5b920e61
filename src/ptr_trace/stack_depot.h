// Interns call stacks: equal stacks get one 32-bit id, so that a block's record stays small.
// Called by the checked gates. Memory comes from os::map in chunks as it is needed, is never freed,
// and its size is bounded; when it is full, intern() returns None and the report says that the
// stack is unknown.
//
//   tables   bucket heads (512 Ki ids) | chunk addresses | next free node | count
//   chunk    32 Ki nodes
//   node     the innermost frame of a stack, and the id of the stack around it: stacks of a
//            recursion differ in their inner frames, and share the others
//   id       index of the node + 1
//
// Equal means: the same 64-bit hash of all frames, the same innermost frame and as many frames. Two
// different stacks are taken for one with a probability of n^2 / 2^65, for a million about 10^-8.
//
// PROTOCOL stack depot
//   states: a node is free, then one thread's (reserved by CAS on the next free one), then, from
//     the CAS on the bucket's head on, everybody's and immutable.
//   put: search the bucket; fill a reserved node; publish it by CAS on the head; if the head
//     moved, search only what was pushed meanwhile. A node that another thread was quicker with
//     stays unused. The stack around a frame is put before it.
//   publishes: node and its chunk by release on the head, acquire on reading it. An id that
//     travels by other ways needs the same of those.
//   progress: lock-free. Valid in signal handlers and after fork.
//   breaks it: publishing before the entry is filled; writing into an entry once published.
#pragma once

#include <atomic>
#include <cstdint>

#include "ptr_trace/backtrace.h"
#include "ptr_trace/stack_hash.h"

namespace hakmem {

/// Most frames that a depot keeps, 24 bytes each.
inline constexpr std::uint32_t kStackDepotNodesPerChunk = 1u << 15;
inline constexpr std::uint32_t kStackDepotNodesMax = 80 * kStackDepotNodesPerChunk;
/// A node's word: how many frames << this | id of the stack around.
inline constexpr unsigned kStackDepotFramesShift = 24;
static_assert(kStackDepotNodesMax < 1u << kStackDepotFramesShift);

class StackDepot {
 public:
  constexpr StackDepot() noexcept = default;
  StackDepot(const StackDepot&) = delete;
  StackDepot& operator=(const StackDepot&) = delete;

  /// What a stack is known by.
  struct Key {
    StackHash hash;        ///< of all its frames, the outermost first
    Address pc;            ///< the innermost frame
    std::uint32_t frames;  ///< 1 to kStackFramesMax
  };
  /// The id of the stack with this key; None when it is not there.
  StackId find(const Key& key) noexcept;
  /// The same, adding it when it is new: `around` is the stack without its innermost frame, of
  /// which at least `frames` - 1 are kept. None when memory is out.
  StackId put(const Key& key, StackId around) noexcept;

  /// Returns the id of an equal stack, adding it if it is new. None when the stack is empty or
  /// memory is out.
  StackId intern(const StackTrace& stack) noexcept;
  /// Fills `out` with the stack of `id`; empty for None.
  void lookup(StackId id, StackTrace& out) const noexcept;
  /// Frames kept so far.
  std::uint32_t count() const noexcept;

 private:
  struct Node;
  struct Tables;
  Tables* tables() noexcept;
  static Node& node_of(const Tables& tables, std::uint32_t id) noexcept;
  static bool is_known(const Tables& tables, std::uint32_t id) noexcept;
  static std::uint32_t find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                            const Key& key) noexcept;
  static std::uint32_t reserve(Tables& tables) noexcept;

  std::atomic<Tables*> shared_tables_{nullptr};  // set once, never freed
};

}  // namespace hakmem
