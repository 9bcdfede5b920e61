// Where a block comes from when the active slab's list is empty: other threads' frees first, then
// the slab itself, partial slabs, free units, an abandoned heap, the shared pool, the system.
// Called by the allocation gate on a miss. The only place that binds slabs to bins.
#pragma once

#include "superslab/slab_domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Returns a block of class `c` for the heap's owner, counted as used. Null: the system refuses
/// memory; everything is as it was. Precondition: `heap` is a real one, not domain.no_heap.
HAK_NOINLINE SlabBase refill(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
