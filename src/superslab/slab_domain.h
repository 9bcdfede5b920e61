// Everything that the slab tiers of one allocator instance share. An instance is a value: the
// product has one (in api/), a test makes as many as it likes.
// Called by refill, ownership and the gates. Invariant: nothing here refers to a thread.
#pragma once

#include "superslab/heap_registry.h"
#include "superslab/shared_pool.h"
#include "superslab/switches.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct SlabDomain {
  constexpr SlabDomain() noexcept = default;
  SlabDomain(const SlabDomain&) = delete;
  SlabDomain& operator=(const SlabDomain&) = delete;

  AddressSpace space{kGeometry.reserve_ahead_bytes};
  AddressMap map;
  MetaArena meta;
  RetentionPolicy policy;
  SharedPool pool;
  HeapRegistry registry;
  Slab sentinel;                  ///< empty for ever: what an unused bin points to
  Heap no_heap{sentinel};         ///< what a thread without a heap runs on: every bin misses
  [[no_unique_address]] SlabSwitches switches;  ///< empty type at level 0
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
