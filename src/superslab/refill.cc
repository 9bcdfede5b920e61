#include "superslab/refill.h"

#include "integrity/hooks.h"
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Where a broken list is reported, the program may go on without it: then a slab that should have
/// had room has none.
constexpr bool kListsMayBreak = kBuildChecks.has(Check::kNextInSlab);

/// A block of the bin's own slab: from its list, or newly carved. Null: the slab is exhausted.
SlabBase take_from(Heap& heap, Slab& slab) noexcept {
  if (SlabBase block = slab.try_pop()) {
    hooks::on_alloc_return(slab, block);
    return block;
  }
  if (!slab.try_carve(kGeometry.carve_bytes)) return nullptr;
  heap.stats.carves.add();
  return slab.try_pop();
}

/// A slab made from a free unit of the heap's SuperSlabs; null when there is none.
Slab* take_free_unit(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept {
  const SuperSlabKind kind = kind_for(c);
  SuperSlab*& head = heap.available[static_cast<std::size_t>(kind)];
  SuperSlab* const superslab = head;
  if (superslab == nullptr) return nullptr;
  if (superslab->next_was_purged()) {
    heap.learned_age.on_wanted_again(superslab->purged_ms, domain.policy.purge_ms, os::now_ms());
  }
  Slab& slab = superslab->take_unit(c);
  if (superslab->free_units == 0) {
    head = superslab->next;
    if (head != nullptr) head->prev = nullptr;
    superslab->next = nullptr;
    superslab->listed = false;
  }
  slab.shared_owner.store(&heap, SlabOrders::kOwnerChange);
  domain.map.store(slab.data, slab.span_slabs, MapEntry::of_slab(slab, heap.tag));
  heap.stats.slabs_acquired.add();
  heap.stats.units_acquired_bytes.add(slab.span_slabs * kGranuleBytes);
  return &slab;
}

/// The next slab with room for class `c`, off every list; null when the system refuses memory.
Slab* next_slab(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept {
  bool drained = false;
  for (;;) {
    if (Slab* const slab = heap.partial[index_of(c)]) {
      unlink_partial(heap, *slab);
      return slab;
    }
    if (Slab* const slab = take_free_unit(domain, heap, c)) return slab;
    if (!drained) {
      drained = true;
      if (drain_all(domain, heap)) continue;
    }
    if (adopt_abandoned(domain, heap)) continue;
    SuperSlab* const fresh =
        domain.pool.acquire(kind_for(c), domain.space, domain.map, domain.meta);
    if (fresh == nullptr) return nullptr;
    attach_superslab(domain, heap, *fresh);
  }
}

void bind(Heap& heap, Slab& slab) noexcept {
  ++slab.used;  // bias: an active slab never looks empty
  slab.state = SlabState::Active;
  heap.active[index_of(slab.class_index)] = &slab;
  hooks::on_owner_act(heap, slab);
  hooks::on_slab_transition(slab);
}

}  // namespace

SlabBase refill(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept {
  SlowOperation scope(heap);
  heap.stats.refills.add();
  if (index_of(c) == 0) c = class_for(0);
  Slab*& bin = heap.active[index_of(c)];
  // Drain before every other source: a block is never in two lists at once.
  drain_class(domain, heap, c);
  if (bin != &domain.sentinel) {
    if (SlabBase block = take_from(heap, *bin)) return block;
    Slab& exhausted = *bin;
    bin = &domain.sentinel;
    retire_full(domain, exhausted);
  }
  Slab* const slab = next_slab(domain, heap, c);
  if (slab == nullptr) return nullptr;
  bind(heap, *slab);
  if constexpr (kListsMayBreak) {
    if (const SlabBase block = take_from(heap, *slab)) return block;
    bin = &domain.sentinel;
    retire_full(domain, *slab);
    return refill(domain, heap, c);
  }
  return take_from(heap, *slab);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
