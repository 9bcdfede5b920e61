// A singly linked list of free blocks, linked through the blocks themselves.
// Called by slab.h (its own list) and remote_queue.h (chains that other threads push).
// Invariant: the link of a free block lies at base + kNextOffset, and this file alone reads or
// writes it; the last block's link is null. From level 2 on a link is stored mixed with its own
// address, so that whatever a program writes there, zeros included, decodes to no block of ours; at
// level 4 each access goes to the pointer trace.
#pragma once

#include <cstring>

#include "base/block_layout.h"
#include "ptr_trace/trace_ring.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace freelist_detail {
inline constexpr std::uint64_t kLinkKey = 0x9e3779b97f4a7c15u;  // odd, no poison pattern

/// Turns a link into its stored form and back.
HAK_INLINE std::uint64_t mix(std::uint64_t link, SlabBase block) noexcept {
  if constexpr (kBuildChecks.has(Check::kListPatterns)) return link ^ block.address() ^ kLinkKey;
  return link;
}
}  // namespace freelist_detail

/// The block after `block` in its list. The caller owns the list.
HAK_INLINE SlabBase next_of(SlabBase block) noexcept {
  std::uint64_t stored;
  std::memcpy(&stored, block.unsafe_bytes() + kNextOffset, sizeof stored);
  const std::uint64_t next = freelist_detail::mix(stored, block);
  trace(TraceKind::LinkRead, block.address(), next);
  return SlabBase::unsafe_from(reinterpret_cast<std::byte*>(next));
}

/// Links `next` behind `block`. The caller owns both.
HAK_INLINE void set_next(SlabBase block, SlabBase next) noexcept {
  const std::uint64_t stored = freelist_detail::mix(next.address(), block);
  std::memcpy(block.unsafe_bytes() + kNextOffset, &stored, sizeof stored);
  trace(TraceKind::LinkWrite, block.address(), next.address());
}

/// Blocks linked first to last, with their number, as a drain or a carve produces them.
struct BlockChain {
  SlabBase first;
  SlabBase last;
  std::uint32_t count = 0;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
