// How much memory the heap's building blocks take. The product has one geometry; verification
// builds have slabs of 3 to 4 blocks, so that an exhaustive search meets every transition.
// Called by build_config.h only; the rest of the tree reads kGeometry.
#pragma once

#include "base/units.h"

namespace hakmem {

/// All sizes in bytes unless the name says otherwise.
struct Geometry {
  std::size_t slabs_per_superslab;   ///< at most 64, the width of the free-slab bitmap
  std::size_t pool_span_slabs;       ///< slabs that a span of the pool tier takes
  std::size_t blocks_per_slab_max;   ///< caps the capacity; verification builds make it tiny
  std::size_t carve_bytes;           ///< a refill carves about this much, at least one block
  std::size_t owner_tags_max;        ///< heaps with a tag of their own; later ones share none
  std::size_t run_region_bytes;      ///< address space that the run allocator takes at a time
  std::size_t reserve_ahead_bytes;   ///< address space reserved at once when it is plentiful
  std::size_t filled_bytes_max;      ///< freed bytes that are filled and checked, levels 3 and 4

  constexpr std::size_t superslab_bytes() const noexcept {
    return slabs_per_superslab * kGranuleBytes;
  }
};

inline constexpr Geometry kProductGeometry{
    .slabs_per_superslab = 32,
    .pool_span_slabs = 8,
    .blocks_per_slab_max = kGranuleBytes / kMinAlignBytes,
    .carve_bytes = kPageBytes,
    .owner_tags_max = 0xfffd,
    .run_region_bytes = 32 * kMiB,
    .reserve_ahead_bytes = 256 * kMiB,
    .filled_bytes_max = 256 * kKiB,
};

/// Slabs of four blocks, SuperSlabs of four slabs, three owner tags: every edge is near.
inline constexpr Geometry kTinyGeometryForTest{
    .slabs_per_superslab = 4,
    .pool_span_slabs = 2,
    .blocks_per_slab_max = 4,
    .carve_bytes = 64,
    .owner_tags_max = 3,
    .run_region_bytes = 8 * kGranuleBytes,
    .reserve_ahead_bytes = 64 * kGranuleBytes,
    .filled_bytes_max = 512,
};

}  // namespace hakmem
