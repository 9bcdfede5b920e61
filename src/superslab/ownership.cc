#include "superslab/ownership.h"

#include <bit>

#include "integrity/hooks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

void set_tag(SlabDomain& domain, Slab& slab, OwnerTag tag) noexcept {
  domain.map.store(slab.data, slab.span_slabs, MapEntry::of_slab(slab, tag));
}

void unlink_available(Heap& heap, SuperSlab& superslab) noexcept {
  if (!superslab.listed) return;
  SuperSlab*& head = heap.available[static_cast<std::size_t>(superslab.kind)];
  (superslab.prev != nullptr ? superslab.prev->next : head) = superslab.next;
  if (superslab.next != nullptr) superslab.next->prev = superslab.prev;
  superslab.next = superslab.prev = nullptr;
  superslab.listed = false;
}

void link_available(Heap& heap, SuperSlab& superslab) noexcept {
  if (superslab.listed || superslab.free_units == 0) return;
  SuperSlab*& head = heap.available[static_cast<std::size_t>(superslab.kind)];
  superslab.prev = nullptr;
  superslab.next = head;
  if (head != nullptr) head->prev = &superslab;
  head = &superslab;
  superslab.listed = true;
}

void unlink_from_heap(Heap& heap, SuperSlab& superslab) noexcept {
  unlink_available(heap, superslab);
  (superslab.prev_in_heap != nullptr ? superslab.prev_in_heap->next_in_heap : heap.superslabs) =
      superslab.next_in_heap;
  if (superslab.next_in_heap != nullptr) {
    superslab.next_in_heap->prev_in_heap = superslab.prev_in_heap;
  }
  superslab.next_in_heap = superslab.prev_in_heap = nullptr;
  if (superslab.kind == SuperSlabKind::Single) --heap.single_superslabs;
}

void link_to_heap(Heap& heap, SuperSlab& superslab) noexcept {
  superslab.owner = &heap;
  superslab.prev_in_heap = nullptr;
  superslab.next_in_heap = heap.superslabs;
  if (heap.superslabs != nullptr) heap.superslabs->prev_in_heap = &superslab;
  heap.superslabs = &superslab;
  if (superslab.kind == SuperSlabKind::Single) ++heap.single_superslabs;
  link_available(heap, superslab);
}

void detach_superslab(SlabDomain& domain, Heap& heap, SuperSlab& superslab,
                      std::uint64_t now_ms) noexcept {
  unlink_from_heap(heap, superslab);
  heap.stats.superslabs_released.add();
  const Retention retention = domain.policy.for_slabs(heap.learned_age, now_ms);
  domain.pool.release(superslab, now_ms, retention, domain.space, domain.map);
}

void purge_due(SlabDomain& domain, Heap& heap, std::uint64_t now_ms) noexcept {
  const Retention retention = domain.policy.for_slabs(heap.learned_age, now_ms);
  const Retention look{retention.purge, retention.age_ms / 2};
  if (!look.is_due(heap.last_purge_ms, now_ms)) return;
  heap.last_purge_ms = now_ms;
  for (SuperSlab* const first : heap.available) {
    for (SuperSlab* s = first; s != nullptr; s = s->next) {
      if (s->dirty_units == 0 || !retention.is_due(s->dirty_since_ms, now_ms)) continue;
      s->purge_aged(now_ms);
      heap.stats.purges.add();
    }
  }
}

/// The heap's newest single-slab SuperSlab, if nearly all of it has been carved; else null. Sparse
/// slabs of many classes make a heap ask for SuperSlabs of which it touches little.
SuperSlab* last_if_filled(const Heap& heap) noexcept {
  SuperSlab* newest = heap.superslabs;
  while (newest != nullptr && newest->kind != SuperSlabKind::Single) newest = newest->next_in_heap;
  if (newest == nullptr) return nullptr;
  std::size_t carved_bytes = 0;
  for (const Slab& slab : newest->slabs) {
    carved_bytes += std::size_t{slab.carved} * slab.stride_bytes;
  }
  return carved_bytes >= kGeometry.superslab_bytes() / 8 * 7 ? newest : nullptr;
}

/// A huge page is touched whole, so a heap's next SuperSlab gets them only when the heap will
/// probably fill it: it has filled the last one, or has several. One that is full already takes no
/// more memory with huge pages than without.
void ask_for_huge_pages(const RetentionPolicy& policy, const Heap& heap,
                        SuperSlab& next) noexcept {
  if (!policy.huge_pages || next.kind != SuperSlabKind::Single) return;
  const std::uint32_t number = heap.single_superslabs + 1;
  SuperSlab* const filled =
      number >= policy.huge_pages_from_dense ? last_if_filled(heap) : nullptr;
  if (filled != nullptr && !filled->huge) {
    os::collapse_to_huge_pages(filled->data, kGeometry.superslab_bytes());
    filled->huge = true;
  }
  const bool deserved = filled != nullptr || number >= policy.huge_pages_from;
  if (!deserved || next.huge) return;
  os::advise_huge_pages(next.data, kGeometry.superslab_bytes());
  next.huge = true;
}

/// Gives the unit of an empty slab, off every list, back to its SuperSlab.
void release_slab(SlabDomain& domain, Heap& heap, Slab& slab) noexcept {
  SuperSlab& superslab = *slab.superslab;
  const std::uint64_t now_ms = os::now_ms();
  hooks::on_slab_release(slab);
  domain.map.store(slab.data, slab.span_slabs, MapEntry::of_free_slab(slab));
  superslab.give_unit(slab, now_ms);
  heap.stats.slabs_released.add();
  heap.stats.units_released_bytes.add(slab.span_slabs * kGranuleBytes);
  SuperSlab* const first = heap.available[static_cast<std::size_t>(superslab.kind)];
  const bool another_has_room = first != nullptr && (first != &superslab || first->next != nullptr);
  if (superslab.is_empty() && another_has_room) {
    detach_superslab(domain, heap, superslab, now_ms);
  } else {
    link_available(heap, superslab);
  }
  purge_due(domain, heap, now_ms);
}

/// The slab has gained free blocks: brings state, lists and map entries in line with its counts.
void settle(SlabDomain& domain, Heap& heap, Slab& slab) noexcept {
  hooks::on_owner_act(heap, slab);
  if (slab.state == SlabState::Active) return;
  if (slab.used == 0) {
    if (slab.state == SlabState::Partial) unlink_partial(heap, slab);
    release_slab(domain, heap, slab);
  } else if (slab.state == SlabState::Full) {
    make_partial(domain, heap, slab);
  }
}

}  // namespace

void make_partial(SlabDomain& domain, Heap& heap, Slab& slab) noexcept {
  Slab*& head = heap.partial[index_of(slab.class_index)];
  slab.state = SlabState::Partial;
  slab.prev = nullptr;
  slab.next = head;
  if (head != nullptr) head->prev = &slab;
  head = &slab;
  set_tag(domain, slab, heap.tag);
  hooks::on_slab_transition(slab);
}

void unlink_partial(Heap& heap, Slab& slab) noexcept {
  Slab*& head = heap.partial[index_of(slab.class_index)];
  (slab.prev != nullptr ? slab.prev->next : head) = slab.next;
  if (slab.next != nullptr) slab.next->prev = slab.prev;
  slab.next = slab.prev = nullptr;
}

void retire_full(SlabDomain& domain, Slab& slab) noexcept {
  --slab.used;  // the active slab's bias
  slab.state = SlabState::Full;
  set_tag(domain, slab, OwnerTag::None);
  hooks::on_slab_transition(slab);
}

void free_owned(SlabDomain& domain, Heap& heap, Slab& slab, SlabBase block) noexcept {
  SlowOperation scope(heap);
  slab.push(block);
  settle(domain, heap, slab);
}

void retire_empty(SlabDomain& domain, Heap& heap, Slab& slab) noexcept {
  SlowOperation scope(heap);
  settle(domain, heap, slab);
}

void free_remote(Slab& slab, const BlockChain& chain) noexcept {
  hooks::on_remote_push(slab, chain);
  if (!slab.shared_remote.push(chain)) return;
  Heap* const owner = slab.shared_owner.load(SlabOrders::kOwnerRead);
  owner->shared_pending[index_of(slab.class_index)].push(slab);
}

bool drain_class(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept {
  Slab* slab = heap.shared_pending[index_of(c)].take_all();
  const bool any = slab != nullptr;
  while (slab != nullptr) {
    Slab* const following = slab->pending_next;
    Heap* const owner = slab->shared_owner.load(SlabOrders::kOwnerRead);
    if (owner != &heap) {
      // Adopted between a pusher's look at the owner and its push: the news belongs to the adopter.
      owner->shared_pending[index_of(slab->class_index)].push(*slab);
    } else {
      const BlockChain chain = slab->shared_remote.drain();
      slab->absorb(chain);
      heap.stats.slabs_drained.add();
      heap.stats.blocks_drained.add(chain.count);
      settle(domain, heap, *slab);
    }
    slab = following;
  }
  return any;
}

bool drain_all(SlabDomain& domain, Heap& heap) noexcept {
  bool any = false;
  for (std::size_t c = 1; c < kClassCount; ++c) {
    any |= drain_class(domain, heap, static_cast<ClassIndex>(c));
  }
  return any;
}

void attach_superslab(SlabDomain& domain, Heap& heap, SuperSlab& superslab) noexcept {
  ask_for_huge_pages(domain.policy, heap, superslab);
  link_to_heap(heap, superslab);
  heap.stats.superslabs_acquired.add();
}

void shed(SlabDomain& domain, Heap& heap) noexcept {
  SlowOperation scope(heap);
  for (Slab*& bin : heap.active) {
    Slab& slab = *bin;
    if (&slab == &domain.sentinel || slab.live_count() != 0) continue;
    bin = &domain.sentinel;
    --slab.used;
    slab.state = SlabState::Full;  // on no list; settle() releases it
    settle(domain, heap, slab);
  }
  const std::uint64_t now_ms = os::now_ms();
  for (SuperSlab* s = heap.superslabs; s != nullptr;) {
    SuperSlab* const following = s->next_in_heap;
    if (s->is_empty()) detach_superslab(domain, heap, *s, now_ms);
    s = following;
  }
}

std::size_t purge_heap(Heap& heap) noexcept {
  std::size_t bytes = 0;
  for (SuperSlab* const first : heap.available) {
    for (SuperSlab* s = first; s != nullptr; s = s->next) {
      bytes += static_cast<std::size_t>(std::popcount(s->dirty_units)) * s->unit_bytes();
      s->purge();
    }
  }
  return bytes;
}

namespace {

/// Moves all that `left` has to `heap`; the caller owns both.
void merge(SlabDomain& domain, Heap& heap, Heap& left) noexcept {
  SlowOperation scope(left);  // a fork finds it half moved: nobody may adopt it then
  if (left.counts_need_repair) repair_counts(left);
  drain_all(domain, left);
  for (Slab*& bin : left.active) {
    Slab& slab = *bin;
    if (&slab == &domain.sentinel) continue;
    bin = &domain.sentinel;
    --slab.used;
    slab.state = SlabState::Full;  // on no list; classified below
  }
  for (Slab*& list : left.partial) list = nullptr;
  while (SuperSlab* const superslab = left.superslabs) {
    unlink_from_heap(left, *superslab);
    link_to_heap(heap, *superslab);
    const std::size_t span = superslab->span_slabs();
    // A snapshot: releasing the last slab may hand the SuperSlab to the shared pool.
    std::uint64_t in_use = superslab->all_units() & ~superslab->free_units;
    for (; in_use != 0; in_use &= in_use - 1) {
      Slab& slab = superslab->slabs[static_cast<std::size_t>(std::countr_zero(in_use)) * span];
      slab.shared_owner.store(&heap, SlabOrders::kOwnerChange);
      slab.state = SlabState::Full;
      set_tag(domain, slab, OwnerTag::None);
      if (!slab.is_exhausted()) settle(domain, heap, slab);
    }
  }
  heap.stats.heaps_adopted.add();
}

}  // namespace

bool adopt_abandoned(SlabDomain& domain, Heap& heap) noexcept {
  Heap* const left = domain.registry.try_acquire_abandoned();
  if (left == nullptr) return false;
  merge(domain, heap, *left);
  domain.registry.leave(*left);
  return true;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
