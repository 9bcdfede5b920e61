#include "page_mode/page_extents.h"

#include "os/os_guard.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool PageExtents::reserve(std::size_t bytes) noexcept {
  for (; bytes >= kReserveBytesMin; bytes /= 2) {
    bytes = round_down(bytes, kPageBytes);
    base_ = os::reserve(bytes);
    if (base_ != nullptr) break;
  }
  if (base_ == nullptr) return false;
  bytes_ = bytes;
  std::byte* const table = os::map(table_bytes(), os::Access::ReadWrite);
  if (table == nullptr) {
    os::unmap(base_, bytes_);
    bytes_ = 0;
    return false;
  }
  table_ = reinterpret_cast<Entry*>(table);  // zero is a valid, empty table
  return true;
}

PageBlock* PageExtents::at_page(std::size_t page) const noexcept {
  PageBlock* const block = table_[page].load(PageTableOrders::kFollow);
  return block != nullptr && block->contains_page(page) ? block : nullptr;
}

PageBlock* PageExtents::record() noexcept {
  PageBlock* const block = spare_ != nullptr ? spare_ : meta_.create<PageBlock>();
  if (block != nullptr && block == spare_) spare_ = block->next;
  return block;
}

void PageExtents::spare(PageBlock& block) noexcept {
  block.state = ExtentState::Spare;
  block.pages = 0;  // entries that still lead here are no longer believed
  block.next = spare_;
  spare_ = &block;
}

void PageExtents::publish(PageBlock& block) noexcept {
  for (std::size_t page = block.first_page; block.contains_page(page); ++page) {
    table_[page].store(&block, PageTableOrders::kPublish);
  }
}

void PageExtents::enter_edges(PageBlock& block) noexcept {
  table_[block.first_page].store(&block, PageTableOrders::kPublish);
  table_[block.first_page + block.pages - 1].store(&block, PageTableOrders::kPublish);
}

void PageExtents::enter_bin(PageBlock& block) noexcept {
  PageBlock*& head = bins_[bin_for(block.pages)];
  block.prev = nullptr;
  block.next = head;
  if (head != nullptr) head->prev = &block;
  head = &block;
}

void PageExtents::leave_bin(PageBlock& block) noexcept {
  PageBlock*& head = bins_[bin_for(block.pages)];
  (block.prev != nullptr ? block.prev->next : head) = block.next;
  if (block.next != nullptr) block.next->prev = block.prev;
}

PageBlock* PageExtents::find(std::size_t pages) const noexcept {
  for (std::size_t bin = bin_for(pages); bin < kExactBins; ++bin) {
    if (bins_[bin] != nullptr) return bins_[bin];
  }
  PageBlock* best = nullptr;
  for (PageBlock* block = bins_[kExactBins]; block != nullptr; block = block->next) {
    if (block->pages >= pages && (best == nullptr || block->pages < best->pages)) best = block;
  }
  return best;
}

void PageExtents::cut(PageBlock& block, std::size_t pages) noexcept {
  if (block.pages == pages) return;
  PageBlock* const rest = record();
  if (rest == nullptr) return;
  rest->user = nullptr;
  rest->record.publish(BlockState::Fresh);  // no block's: only its neighbour's pages
  rest->first_page = block.first_page + static_cast<std::uint32_t>(pages);
  rest->pages = block.pages - static_cast<std::uint32_t>(pages);
  rest->state = ExtentState::Free;
  rest->dirty = block.dirty;
  block.pages = static_cast<std::uint32_t>(pages);
  enter_edges(*rest);
  enter_bin(*rest);
}

PageBlock* PageExtents::take(std::size_t pages) noexcept {
  if (pages > pages_max()) return nullptr;
  PageBlock* block = find(pages);
  if (block != nullptr) {
    leave_bin(*block);
    cut(*block, pages);
  } else {
    // The last page stays closed: the guard behind whatever ends before it.
    if (pages + 1 > pages_max() - frontier_) return nullptr;
    block = record();
    if (block == nullptr) return nullptr;
    block->first_page = static_cast<std::uint32_t>(frontier_);
    block->pages = static_cast<std::uint32_t>(pages);
    block->dirty = false;
    frontier_ += pages;
  }
  block->state = ExtentState::Taken;
  return block;
}

void PageExtents::give(PageBlock& block) noexcept {
  PageBlock* const left = at_page(block.first_page - 1u);
  if (left != nullptr && left->state == ExtentState::Free) {
    leave_bin(*left);
    block.first_page = left->first_page;
    block.pages += left->pages;
    block.dirty |= left->dirty;
    spare(*left);
  }
  PageBlock* const right = at_page(std::size_t{block.first_page} + block.pages);
  if (right != nullptr && right->state == ExtentState::Free) {
    leave_bin(*right);
    block.pages += right->pages;
    block.dirty |= right->dirty;
    spare(*right);
  }
  block.state = ExtentState::Free;
  enter_edges(block);
  enter_bin(block);
}

bool PageExtents::verify() const noexcept {
  if (table_ == nullptr) return true;
  std::size_t free_extents = 0, page = 1;
  while (page < frontier_) {
    const PageBlock* const block = at_page(page);
    if (block == nullptr || block->first_page != page || block->pages == 0) return false;
    if (at_page(page + block->pages - 1) != block) return false;
    free_extents += block->state == ExtentState::Free ? 1 : 0;
    page += block->pages;
  }
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    for (const PageBlock* block = bins_[bin]; block != nullptr; block = block->next) {
      if (block->state != ExtentState::Free || bin_for(block->pages) != bin) return false;
      if (block->next != nullptr && block->next->prev != block) return false;
      --free_extents;
    }
  }
  return page == frontier_ && free_extents == 0;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
