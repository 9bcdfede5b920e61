// Interns call stacks: equal stacks get one 32-bit id, so that a block's record stays small.
// Called by the checked gates. Memory comes from os::map in chunks as it is needed, is never freed,
// and its size is bounded; when it is full, intern() returns None and the report says that the
// stack is unknown.
//
//   tables   bucket heads of entries (512 Ki ids) and pieces (128 Ki) | chunk addresses | next free
//            unit | count
//   chunk    nodes of 8-byte units, none crosses a chunk
//   piece    next id | hash | four frames in a row, 0 behind the last
//   entry    next id | hash | frames | ids of its pieces: stacks of a recursion differ in how they
//            combine few pieces, so that a new one is a few words, and is known by few
//   id       index of the node's first unit + 1
//
// PROTOCOL stack depot
//   states: a unit is free, then one thread's (reserved by CAS on the next free unit), then, from
//     the CAS on the bucket's head on, everybody's and immutable.
//   put: search the bucket; fill a reserved node; publish it by CAS on the head; if the head
//     moved, search only what was pushed meanwhile. A node that another thread was quicker with
//     leaves its reserved units unused. A stack's pieces are put before it.
//   publishes: node and its chunk by release on the head, acquire on reading it. An id that
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

/// Upper bound on the memory of a depot's nodes; a stack of 16 frames takes 32 bytes, and 40 for
/// each of its four pieces that is new.
inline constexpr std::size_t kStackDepotBytesMax = 64 * kMiB;
/// Ids count these; a node takes as many as it needs.
inline constexpr std::size_t kStackDepotUnitBytes = 8;
inline constexpr std::uint32_t kStackDepotPieceFrames = 4;
inline constexpr std::uint32_t kStackDepotPiecesMax =
    (kStackFramesMax + kStackDepotPieceFrames - 1) / kStackDepotPieceFrames;

class StackDepot {
 public:
  constexpr StackDepot() noexcept = default;
  StackDepot(const StackDepot&) = delete;
  StackDepot& operator=(const StackDepot&) = delete;

  /// A stack that is about to be interned.
  struct Wanted {
    std::uint32_t frames = 0;  ///< 0: it is empty, or memory is out
    std::uint32_t hash;
    std::uint32_t pieces[kStackDepotPiecesMax];
  };
  /// Looks at what a stack consists of, and fetches the place where it is kept: between this and
  /// intern() there is better to do than to wait for that.
  Wanted prepare(const StackTrace& stack) noexcept;
  /// Returns the id of an equal stack, adding it if it is new. None when the stack is empty or
  /// memory is out.
  StackId intern(const Wanted& wanted) noexcept;
  StackId intern(const StackTrace& stack) noexcept { return intern(prepare(stack)); }
  /// Fills `out` with the stack of `id`; empty for None.
  void lookup(StackId id, StackTrace& out) const noexcept;
  /// Stacks interned so far.
  std::uint32_t count() const noexcept;

 private:
  struct Piece;
  struct Entry;
  struct Bucket;
  struct Tables;
  Tables* tables() noexcept;
  template <class Node>
  static Node& node_of(const Tables& tables, std::uint32_t id) noexcept;
  template <class Node, class IsEqual>
  static std::uint32_t find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                            std::uint32_t hash, IsEqual is_equal) noexcept;
  template <class Node, class IsEqual, class Fill>
  static std::uint32_t find_or_add(Tables& tables, const Bucket& bucket, std::uint32_t hash,
                                   std::uint32_t units, IsEqual is_equal, Fill fill) noexcept;
  static std::uint32_t intern_piece(Tables& tables, const Address* pcs,
                                    std::uint32_t count) noexcept;
  static std::uint32_t reserve(Tables& tables, std::uint32_t units) noexcept;

  std::atomic<Tables*> shared_tables_{nullptr};  // set once, never freed
};

}  // namespace hakmem
