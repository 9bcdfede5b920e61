// The heap's own audit, and the repair that a fork can make necessary.
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Calls `visit(slab)` for every slab in use of the heap.
template <class Visit>
void for_each_slab(const Heap& heap, Visit visit) noexcept {
  for (SuperSlab* s = heap.superslabs; s != nullptr; s = s->next_in_heap) {
    for (std::size_t unit = 0; unit < SuperSlab::kSlabs / s->span_slabs(); ++unit) {
      Slab& slab = s->slabs[unit * s->span_slabs()];
      if (slab.state != SlabState::Free) visit(slab);
    }
  }
}

SlabDefect verify_partial_list(const Heap& heap, std::size_t c) noexcept {
  const Slab* before = nullptr;
  for (const Slab* slab = heap.partial[c]; slab != nullptr; slab = slab->next) {
    if (index_of(slab->class_index) != c) return SlabDefect::WrongClass;
    if (slab->state != SlabState::Partial || slab->prev != before) return SlabDefect::ForeignNode;
    before = slab;
  }
  return SlabDefect::None;
}

}  // namespace

void repair_counts(Heap& heap) noexcept {
  for_each_slab(heap, [](Slab& slab) {
    std::uint32_t listed = 0;
    for (SlabBase block = slab.free; block && listed <= slab.carved; block = next_of(block)) {
      ++listed;
    }
    slab.used = slab.carved - listed + (slab.state == SlabState::Active ? 1 : 0);
  });
  heap.counts_need_repair = false;
}

void relist_after_fork(HeapRegistry& registry) noexcept {
  registry.for_each_locked([](Heap& heap) {
    if (heap.state == HeapState::Orphaned) return;
    for (PendingList& list : heap.shared_pending) list.take_all();
  });
  registry.for_each_locked([](Heap& heap) {
    if (heap.state == HeapState::Orphaned) return;
    for_each_slab(heap, [&](Slab& slab) {
      if (slab.shared_remote.seems_empty()) return;
      heap.shared_pending[index_of(slab.class_index)].push(slab);
    });
  });
}

SlabDefect verify_heap(const Heap& heap) noexcept {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    const SlabDefect defect = verify_partial_list(heap, c);
    if (defect != SlabDefect::None) return defect;
  }
  SlabDefect found = SlabDefect::None;
  for_each_slab(heap, [&](const Slab& slab) {
    if (found != SlabDefect::None) return;
    found = slab.verify();
    if (slab.shared_owner.load(SlabOrders::kOwnerRead) != &heap) found = SlabDefect::ForeignNode;
    if (slab.state == SlabState::Full && slab.free) found = SlabDefect::Counters;
    if (slab.state == SlabState::Partial && slab.is_exhausted()) found = SlabDefect::Counters;
    const bool in_bin = heap.active[index_of(slab.class_index)] == &slab;
    if (in_bin != (slab.state == SlabState::Active)) found = SlabDefect::WrongClass;
  });
  for (const SuperSlab* s = heap.superslabs; s != nullptr; s = s->next_in_heap) {
    if (found == SlabDefect::None && (s->owner != &heap || !s->bitmap_agrees())) {
      found = SlabDefect::Counters;
    }
  }
  return found;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
