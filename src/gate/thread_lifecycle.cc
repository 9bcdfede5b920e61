#include "gate/thread_lifecycle.h"

#include "integrity/hooks.h"
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool attach_thread(Domain& domain, ThreadState& thread) noexcept {
  if (!domain.ensure_initialised()) return false;
  Heap* const heap = domain.slabs.registry.acquire(domain.slabs.sentinel, domain.slabs.meta);
  if (heap == nullptr) return false;
  const DirectScope direct(domain.slabs.switches, thread);
  SlowOperation scope(*heap);
  const HeapTraceScope trace_scope(domain, *heap);
  trace_scope.begin_between(domain, thread.thread_id);
  // acquire → drain → bind
  if (heap->counts_need_repair) repair_counts(*heap);
  drain_all(domain.slabs, *heap);
  thread.heap = heap;
  const bool tagged = heap->tag != OwnerTag::None && !domain.slabs.switches.direct;
  thread.tag_bits = tagged ? MapEntry::tag_bits(heap->tag) : ThreadState::kNoTag;
  if (thread.exit_rounds < kExitRoundsMax) thread_attached(domain, thread);
  return true;
}

void detach_thread(Domain& domain, ThreadState& thread) noexcept {
  hooks::on_slow_operation(thread);
  Heap& heap = *thread.heap;
  if (&heap == &domain.slabs.no_heap) return;
  const marks::OwnAccess own;
  const DirectScope direct(domain.slabs.switches, thread);
  {
    SlowOperation scope(heap);
    const HeapTraceScope trace_scope(domain, heap);
    trace_scope.begin_between(domain, thread.thread_id);
    drain_all(domain.slabs, heap);
    shed(domain.slabs, heap);
    domain.large.release_held(heap.held_large);
    hooks::on_thread_exit(heap, verify_heap);
  }
  thread.heap = &domain.slabs.no_heap;
  thread.tag_bits = ThreadState::kNoTag;
  stop_trace();  // the ring goes with the heap, also in the middle of an operation
  domain.slabs.registry.leave(heap);
}

void relieve_pressure(Domain& domain, ThreadState& thread) noexcept {
  if (has_heap(domain, thread)) {
    const DirectScope direct(domain.slabs.switches, thread);
    SlowOperation scope(*thread.heap);
    drain_all(domain.slabs, *thread.heap);
    while (adopt_abandoned(domain.slabs, *thread.heap)) {
    }
    shed(domain.slabs, *thread.heap);
    domain.large.release_held(thread.heap->held_large);
  }
  domain.purge_caches();
}

void lock_for_fork(Domain& domain) noexcept {
  SlabDomain& slabs = domain.slabs;
  domain.checks.lock_for_fork().lock();
  hakmem::lock_for_fork(slabs.switches);
  slabs.registry.lock_for_fork().lock();
  slabs.pool.lock_for_fork().lock();
  domain.large.lock_for_fork().lock();
  domain.pages.lock_for_fork().lock();
  slabs.space.lock_for_fork().lock();
  slabs.map.lock_for_fork().lock();
  slabs.meta.lock_for_fork().lock();
}

void unlock_after_fork(Domain& domain) noexcept {
  SlabDomain& slabs = domain.slabs;
  slabs.meta.lock_for_fork().unlock();
  slabs.map.lock_for_fork().unlock();
  slabs.space.lock_for_fork().unlock();
  domain.pages.lock_for_fork().unlock();
  domain.large.lock_for_fork().unlock();
  slabs.pool.lock_for_fork().unlock();
  slabs.registry.lock_for_fork().unlock();
  hakmem::unlock_after_fork(slabs.switches);
  domain.checks.lock_for_fork().unlock();
}

void adopt_after_fork(Domain& domain, const ThreadState& survivor) noexcept {
  domain.slabs.registry.adopt_after_fork(survivor.heap);
  relist_after_fork(domain.slabs.registry);
  domain.checks.adopt_after_fork();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
