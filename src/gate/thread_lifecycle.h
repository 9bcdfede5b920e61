// A thread meets the allocator, and leaves it. Called by the gates' slow paths and by api/ at
// thread exit. Invariant: a thread's state is valid before its first operation and after its last
// one: without a heap every bin misses and every free is a remote one.
#pragma once

#include "gate/domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// After this many rounds of exit handlers nobody calls us again: then each operation brings the
/// heap back before it returns. (POSIX promises four rounds.)
inline constexpr std::uint8_t kExitRoundsMax = 3;

/// Gives the thread a heap. False: the system refuses memory.
bool attach_thread(Domain& domain, ThreadState& thread) noexcept;

/// Leaves the thread's heap, with its live blocks, to others. The thread may go on allocating.
void detach_thread(Domain& domain, ThreadState& thread) noexcept;

/// The system refused memory: gives back what threads that are gone, this thread's heap and the
/// caches keep, so that a second try may succeed.
void relieve_pressure(Domain& domain, ThreadState& thread) noexcept;

/// Told, once for each attach, that a thread wants detach_thread() at its exit. Defined by api/ for
/// the product and by the test's main for tests; must not fail.
void thread_attached(Domain& domain, ThreadState& thread) noexcept;

/// True when the thread runs on a heap of its own.
HAK_INLINE bool has_heap(const Domain& domain, const ThreadState& thread) noexcept {
  return thread.heap != &domain.slabs.no_heap;
}

/// The thread's steps go to its heap's ring as long as this lives; at level 4 alone.
class TraceOfHeap {
 public:
  /// A template, because below level 4 heaps have no ring to name here.
  template <class DomainT, class HeapT>
  TraceOfHeap(DomainT& domain, HeapT& heap) noexcept
      : ring_(&heap == &domain.slabs.no_heap ? nullptr : heap.trace.get(domain.checks.rings)),
        scope_(ring_) {}
  void begin(std::uint32_t thread, std::uint64_t operation) const noexcept {
    if (ring_ != nullptr) ring_->begin_operation(thread, operation, operation);
  }
  /// What a thread does at its begin or end is no operation, but happens between two.
  template <class DomainT>
  void begin_between(const DomainT& domain, std::uint32_t thread) const noexcept {
    if (ring_ == nullptr) return;
    ring_->begin_operation(thread, 0, domain.checks.shared_sequence.load(SequenceOrders::kAny));
  }

 private:
  TraceRing* ring_;
  TraceScope scope_;
};
struct NoTraceOfHeap {
  NoTraceOfHeap(Domain&, Heap&) noexcept {}
  void begin(std::uint32_t, std::uint64_t) const noexcept {}
  void begin_between(const Domain&, std::uint32_t) const noexcept {}
};
using HeapTraceScope = std::conditional_t<kTraced, TraceOfHeap, NoTraceOfHeap>;

/// Locks of the whole instance, in rank order, around fork().
void lock_for_fork(Domain& domain) noexcept;
void unlock_after_fork(Domain& domain) noexcept;
/// In the child: heaps of the threads that are not here may be adopted. Locks are held.
void adopt_after_fork(Domain& domain, const ThreadState& survivor) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
