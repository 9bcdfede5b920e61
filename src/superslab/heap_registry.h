// All heaps: who runs on which, and which wait for a new owner. Called at thread start and exit, at
// fork, and by refill when a heap runs dry.
//
// PROTOCOL ownership and adoption
//   A heap's state changes under this lock only. acquire (take it off the idle list) → drain (its
//   pending lists) → bind (run on it, or merge its SuperSlabs into one's own heap). Until it is
//   acquired nobody reads its lists but to push remote frees; after that the new owner alone does.
//   Breaks it: binding before draining; two threads taking one heap; retagging before acquiring.
#pragma once

#include "os/meta_arena.h"
#include "superslab/heap.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

class HeapRegistry {
 public:
  constexpr HeapRegistry() noexcept = default;

  /// A heap for a thread that starts: an abandoned one with its memory, else a vacant one, else a
  /// new one. Null: the system refuses memory.
  Heap* acquire(Slab& sentinel, MetaArena& meta) noexcept;
  /// An abandoned heap with memory, to be merged into the caller's; null when there is none.
  Heap* try_acquire_abandoned() noexcept;
  /// Any heap that no thread runs on, with memory or without; null when there is none.
  Heap* try_acquire_idle() noexcept;
  /// Leaves the heap to others. Its owner has drained it and will not touch it again.
  void leave(Heap& heap) noexcept;

  /// In a child after fork: the heaps of threads that do not exist here. The caller, alone in the
  /// process, keeps `survivor`.
  void adopt_after_fork(const Heap* survivor) noexcept;

  /// Calls visit(heap) for every heap there ever was, under the lock.
  template <class Visit>
  void for_each(Visit visit) noexcept {
    LockScope scope(lock_);
    for_each_locked(visit);
  }
  /// The same; the caller has the lock.
  template <class Visit>
  void for_each_locked(Visit visit) noexcept {
    for (Heap* heap = ever_; heap != nullptr; heap = heap->next_ever) visit(*heap);
  }
  /// The same when the lock is free; else it visits nothing and returns false.
  template <class Visit>
  bool try_for_each(Visit visit) noexcept {
    if (!lock_.try_lock()) return false;
    for (Heap* heap = ever_; heap != nullptr; heap = heap->next_ever) visit(*heap);
    lock_.unlock();
    return true;
  }
  std::size_t count() const noexcept { return count_.read(); }
  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  Heap* create(Slab& sentinel, MetaArena& meta) noexcept;
  void push_idle(Heap& heap) noexcept;

  Lock lock_;
  Heap* abandoned_ = nullptr;  // by next_idle
  Heap* vacant_ = nullptr;
  Heap* ever_ = nullptr;
  Counter count_;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
