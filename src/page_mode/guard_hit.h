// Which block a faulting address belongs to. Called by the crash handler's report: takes no lock
// and allocates nothing. What another thread changes meanwhile makes the answer old, never a fault.
// Invariant: nothing outside our own records is read.
#pragma once

#include "page_mode/page_tier.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

enum class HitPlace : std::uint8_t { Inside, Past, Before };

struct GuardHit {
  PageBlock* block = nullptr;         ///< null: none that is still known
  HitPlace place = HitPlace::Inside;
  std::size_t bytes = 0;              ///< Inside: offset. Past, Before: 1 is the nearest byte
};

/// Where `address` is, seen from a block.
inline GuardHit hit_of(PageBlock& block, Address address) noexcept {
  const Address user = reinterpret_cast<Address>(block.user);
  const std::size_t request = block.record.request_bytes;
  if (address < user) return {&block, HitPlace::Before, user - address};
  if (address - user < request) return {&block, HitPlace::Inside, address - user};
  return {&block, HitPlace::Past, address - user - request + 1};
}

/// The nearest of the blocks whose extent holds the address or lies next to that extent; of pages
/// that never were a block's, up to kReachPages behind the last one, that last one.
inline GuardHit find_guard_hit(const PageExtents& extents, Address address) noexcept {
  constexpr std::size_t kReachPages = 16;
  if (!extents.holds(address)) return {};
  const std::size_t page = extents.page_of(address);
  PageBlock* const own = extents.at_page(page);
  GuardHit nearest;
  const auto consider = [&](PageBlock* block) {
    if (block == nullptr || block->user == nullptr) return;
    if (block->record.state() == BlockState::Fresh) return;
    const GuardHit hit = hit_of(*block, address);
    const bool inside = hit.place == HitPlace::Inside;
    if (nearest.block != nullptr && !inside &&
        (nearest.place == HitPlace::Inside || hit.bytes >= nearest.bytes)) {
      return;
    }
    nearest = hit;
  };
  consider(own);
  if (own != nullptr) {
    const std::size_t behind = std::size_t{own->first_page} + own->pages;
    if (own->first_page != 0) consider(extents.at_page(own->first_page - 1u));
    if (behind < extents.pages_max()) consider(extents.at_page(behind));
    return nearest;
  }
  consider(page == 0 ? extents.at_page(1) : nullptr);  // page 0 is the first block's guard
  for (std::size_t back = 1; back <= kReachPages && back < page; ++back) {
    if (nearest.block != nullptr) break;
    consider(extents.at_page(page - back));
  }
  return nearest;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
