// Draws the heap around a finding: its neighbours, the states of its slab, the sizes of all live
// blocks and the memory over time. Called inside the report, at levels 3 and 4.
// Invariant: what it meets may be wreckage. It waits for no lock; what it reads it copies by the
// kernel's word on whether it is there; every walk has a bound; and what does not add up is left
// out, whole.
#pragma once

#include "gate/domain.h"
#include "integrity/heap_picture.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

HAK_COLD void draw_heap(Domain& domain, Finding& finding, HeapPicture& picture) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
