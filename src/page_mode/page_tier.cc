#include "page_mode/page_tier.h"

#include <new>

#include "os/os_guard.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool PageTier::enable(const PageLimits& limits) noexcept {
  if (limits.side == PageSide::Off || !extents_.reserve(limits.space_bytes)) return false;
  limits_ = limits;
  return true;
}

PageBlock* PageTier::decline_locked() noexcept {
  ++stats_.declined;
  return nullptr;
}

void PageTier::let_oldest_go_locked() noexcept {
  PageBlock& oldest = *oldest_;
  oldest_ = oldest.next;
  if (oldest_ == nullptr) newest_ = nullptr;
  --stats_.resting_blocks;
  stats_.resting_pages -= oldest.pages;
  oldest.record.publish(BlockState::Free);
  extents_.give(oldest);
}

PageBlock* PageTier::take_locked(std::size_t pages) noexcept {
  const std::size_t resting_min = extents_.reserved_bytes() / kPageBytes / kRestingShare;
  for (;;) {
    if (PageBlock* const block = extents_.take(pages)) return block;
    if (oldest_ == nullptr || stats_.resting_pages <= resting_min) return nullptr;
    let_oldest_go_locked();
  }
}

void PageTier::place(PageBlock& block, const PagePlacement& placement,
                     std::size_t align) noexcept {
  std::byte* const extent = extents_.page_begin(block.first_page);
  const Address begin = reinterpret_cast<Address>(extent);
  block.data = extent + (first_data_page(limits_.side, begin, align) - begin);
  block.data_pages = static_cast<std::uint32_t>(placement.data_pages);
  block.user = block.data + placement.user_offset;
  ::new (&block.record) BlockRecord();
}

PageBlock* PageTier::allocate(std::size_t request, std::size_t asked_align) noexcept {
  if (limits_.side == PageSide::Off) return nullptr;
  const std::size_t align = page_block_align(request, asked_align, limits_.least_align);
  LockScope scope(lock_);
  const std::size_t space = extents_.reserved_bytes();
  if (request > space || align > space) return decline_locked();
  const PagePlacement placement = page_placement(limits_.side, request, align);
  if (placement.data_pages != 0 && stats_.live_blocks >= limits_.blocks_max) {
    return decline_locked();
  }
  PageBlock* const block = take_locked(placement.pages);
  if (block == nullptr) return decline_locked();
  place(*block, placement, align);
  extents_.publish(*block);
  if (placement.data_pages == 0) return block;
  if (!os::make_writable(block->data, block->data_bytes())) {
    extents_.give(*block);
    return decline_locked();
  }
  ++stats_.live_blocks;
  stats_.open_pages += placement.data_pages;
  return block;
}

void PageTier::release(PageBlock& block) noexcept {
  LockScope scope(lock_);
  block.record.publish(BlockState::Quarantined);
  if (block.data_pages != 0) {
    const os::Closed closed = os::close_pages(block.data, block.data_bytes());
    if (closed == os::Closed::No) {
      // Still open, so its mapping still counts, and nobody else may have these pages.
      stats_.lost_pages += block.pages;
      return;
    }
    block.dirty |= closed == os::Closed::Dirty;
    --stats_.live_blocks;
    stats_.open_pages -= block.data_pages;
  }
  block.next = nullptr;
  (newest_ != nullptr ? newest_->next : oldest_) = &block;
  newest_ = &block;
  ++stats_.resting_blocks;
  stats_.resting_pages += block.pages;
}

PageStats PageTier::stats() noexcept {
  LockScope scope(lock_);
  return stats_;
}

bool PageTier::verify() noexcept {
  LockScope scope(lock_);
  std::size_t blocks = 0, pages = 0;
  for (const PageBlock* block = oldest_; block != nullptr; block = block->next) {
    if (block->state != ExtentState::Taken) return false;
    if (block->record.state() != BlockState::Quarantined) return false;
    if (block->next == nullptr && block != newest_) return false;
    ++blocks;
    pages += block->pages;
  }
  const bool queue_agrees = blocks == stats_.resting_blocks && pages == stats_.resting_pages;
  return queue_agrees && extents_.verify();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
