// Takes a heap's bins out of use, so that the next operation of the class is a slow one. Called by
// the gate while a switch asks for that (switches.h); never at level 0.
#pragma once

#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The active slab of class `c` becomes an ordinary one: full, partial, or released when empty.
inline void park(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept {
  Slab*& bin = heap.active[index_of(c)];
  if (bin == &domain.sentinel) return;
  SlowOperation scope(heap);
  Slab& slab = *bin;
  bin = &domain.sentinel;
  retire_full(domain, slab);
  if (!slab.is_exhausted()) retire_empty(domain, heap, slab);
}

inline void park_all(SlabDomain& domain, Heap& heap) noexcept {
  for (std::size_t c = 0; c < kClassCount; ++c) park(domain, heap, static_cast<ClassIndex>(c));
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
