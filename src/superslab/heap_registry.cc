#include "superslab/heap_registry.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

Heap* pop(Heap*& list) noexcept {
  Heap* const heap = list;
  if (heap != nullptr) {
    list = heap->next_idle;
    heap->next_idle = nullptr;
    heap->state = HeapState::Owned;
  }
  return heap;
}

}  // namespace

Heap* HeapRegistry::create(Slab& sentinel, MetaArena& meta) noexcept {
  std::byte* const memory = meta.allocate(sizeof(Heap));
  if (memory == nullptr) return nullptr;
  Heap* const heap = ::new (memory) Heap(sentinel);
  count_.add();
  heap->id = static_cast<std::uint32_t>(count_.read());
  if (heap->id <= kGeometry.owner_tags_max) heap->tag = static_cast<OwnerTag>(heap->id);
  heap->state = HeapState::Owned;
  heap->next_ever = ever_;
  ever_ = heap;
  return heap;
}

Heap* HeapRegistry::acquire(Slab& sentinel, MetaArena& meta) noexcept {
  LockScope scope(lock_);
  if (Heap* const heap = pop(abandoned_)) return heap;
  if (Heap* const heap = pop(vacant_)) return heap;
  return create(sentinel, meta);
}

Heap* HeapRegistry::try_acquire_abandoned() noexcept {
  LockScope scope(lock_);
  return pop(abandoned_);
}

Heap* HeapRegistry::try_acquire_idle() noexcept {
  LockScope scope(lock_);
  Heap* const heap = pop(abandoned_);
  return heap != nullptr ? heap : pop(vacant_);
}

void HeapRegistry::push_idle(Heap& heap) noexcept {
  Heap*& list = heap.has_memory() ? abandoned_ : vacant_;
  heap.state = heap.has_memory() ? HeapState::Abandoned : HeapState::Vacant;
  heap.next_idle = list;
  list = &heap;
}

void HeapRegistry::leave(Heap& heap) noexcept {
  LockScope scope(lock_);
  push_idle(heap);
}

void HeapRegistry::adopt_after_fork(const Heap* survivor) noexcept {
  for (Heap* heap = ever_; heap != nullptr; heap = heap->next_ever) {
    if (heap == survivor || heap->state != HeapState::Owned) continue;
    if (heap->shared_slow_depth.load(HeapOrders::kSlowDepth) != 0) {
      heap->state = HeapState::Orphaned;
      continue;
    }
    heap->counts_need_repair = true;
    push_idle(*heap);
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
