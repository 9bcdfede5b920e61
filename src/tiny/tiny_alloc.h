// The tiny tier's fast path: 0 to 1024 bytes, one class every 16 bytes, no table.
// Called by the allocation gate. One screen on purpose: this is what a malloc costs.
#pragma once

#include "superslab/heap.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::tiny {

/// Largest request of this tier, in bytes.
inline constexpr std::size_t kRequestMax = kTinyBlockMax - kOverheadBytes;

/// The class that serves `request` bytes, 0 … kRequestMax.
HAK_INLINE ClassIndex class_of(std::size_t request) noexcept {
  return tiny_class_for(request + kOverheadBytes);
}

/// The slab that serves class `c` now; the sentinel, which is always empty, on first use.
HAK_INLINE Slab& active_slab(Heap& heap, ClassIndex c) noexcept {
  return *heap.active[index_of(c)];
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::tiny
