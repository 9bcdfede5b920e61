// The pool tier's fast path: above 1 KiB up to 64 KiB, eight classes a doubling, the same slab code
// in spans of 512 KiB. Called by the allocation gate.
#pragma once

#include "superslab/heap.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::pool {

/// Largest request of this tier, in bytes.
inline constexpr std::size_t kRequestMax = kPoolBlockMax - kOverheadBytes;

/// The class that serves `request` bytes, above the tiny tier and up to kRequestMax.
HAK_INLINE ClassIndex class_of(std::size_t request) noexcept {
  return pool_class_for(request + kOverheadBytes);
}

/// The slab that serves class `c` now; the sentinel, which is always empty, on first use.
HAK_INLINE Slab& active_slab(Heap& heap, ClassIndex c) noexcept {
  return *heap.active[index_of(c)];
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::pool
