// A singly linked list of free blocks, linked through the blocks themselves.
// Called by slab.h (its own list) and remote_queue.h (chains that other threads push).
// Invariant: the link of a free block lies at base + kNextOffset, and this file alone reads or
// writes it; the last block's link is null.
#pragma once

#include <cstring>

#include "base/block_layout.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The block after `block` in its list. The caller owns the list.
HAK_INLINE SlabBase next_of(SlabBase block) noexcept {
  std::byte* link;
  std::memcpy(&link, block.unsafe_bytes() + kNextOffset, sizeof link);
  return SlabBase::unsafe_from(link);
}

/// Links `next` behind `block`. The caller owns both.
HAK_INLINE void set_next(SlabBase block, SlabBase next) noexcept {
  std::byte* const link = next.unsafe_bytes();
  std::memcpy(block.unsafe_bytes() + kNextOffset, &link, sizeof link);
}

/// Blocks linked first to last, with their number, as a drain or a carve produces them.
struct BlockChain {
  SlabBase first;
  SlabBase last;
  std::uint32_t count = 0;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
