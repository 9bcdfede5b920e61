#include "gate/free_gate.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// A free of something that is no live block's start. Level 0 ignores it: a program that runs with
/// libraries whose blocks come from elsewhere must not die of it.
void refuse(Domain& domain, WildPtr pointer, const Located& found) noexcept {
  if constexpr (kBuildChecks.has(Check::kMapMembership)) {
    if (found.large != nullptr) {
      fail_large_interior(pointer.address(), found.large->user.address(), found.large->usable());
    } else {
      fail_foreign_free(pointer.address());
    }
  } else {
    static_cast<void>(pointer);
    static_cast<void>(found);
    domain.shared_foreign_frees.fetch_add(1, CounterOrders::kAny);
  }
}

}  // namespace

Located locate(const Domain& domain, WildPtr pointer) noexcept {
  Located found;
  found.entry = domain.slabs.map.lookup(pointer.address());
  if (!found.entry.is_ours()) return found;
  if (found.entry.kind() == GranuleKind::Slab) {
    found.slab = &found.entry.slab();
    found.is_start =
        found.slab->is_block_boundary(to_base(SlabUser::unsafe_from(pointer.unsafe_bytes())));
  } else if (found.entry.kind() == GranuleKind::Large) {
    LargeBlock& block = found.entry.large();
    if (block.contains(pointer.address())) {
      found.large = &block;
      found.is_start = block.user.address() == pointer.address();
    }
  }
  return found;
}

std::size_t usable_size(const Domain& domain, WildPtr pointer) noexcept {
  const Located found = locate(domain, pointer);
  if (!found.is_start) return 0;
  return found.slab != nullptr ? usable_bytes(found.slab->class_index) : found.large->usable();
}

void release_slow(Domain& domain, ThreadState& thread, WildPtr pointer) noexcept {
  if (!pointer) return;
  hooks::on_slow_operation(thread);
  const Located found = locate(domain, pointer);
  if (found.slab != nullptr) {
    Slab& slab = *found.slab;
    const SlabBase block = to_base(SlabUser::unsafe_from(pointer.unsafe_bytes()));
    const DirectScope direct(domain.slabs.switches, thread);
    const bool mine = has_heap(domain, thread) &&
                      slab.shared_owner.load(SlabOrders::kOwnerRead) == thread.heap;
    if (mine) {
      if (!hooks::may_free(slab, block)) return;
      free_owned(domain.slabs, *thread.heap, slab, block);
    } else if (domain.slabs.switches.direct) {
      if (!hooks::may_free(slab, block)) return;
      free_owned(domain.slabs, *slab.shared_owner.load(SlabOrders::kOwnerRead), slab, block);
    } else {
      if (!hooks::may_free_remote(slab, block)) return;
      free_remote(slab, {block, block, 1});
    }
  } else if (found.large != nullptr && found.is_start) {
    if (has_heap(domain, thread)) {
      domain.large.release(*found.large, thread.heap->held_large);
    } else {
      domain.large.release(*found.large);
    }
  } else {
    refuse(domain, pointer, found);
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
