// The address space of page mode: one reservation, cut into extents of whole pages, and for each
// page the record of its extent. Called by the page tier under its lock; at() by anyone.
//
//   page 0 (never used) ┃ extent ┃ extent ┃ … ┃ frontier: never used yet …
//
// Free extents are joined with free neighbours and found by best fit.
// Invariant: extents cover pages 1 … frontier without gap; the entries of an extent's first and
// last page lead to its record, and of a block those between as well.
// Algorithm: boundary tags (D. Knuth, TAOCP 1, 2.5, Algorithm C), the tags in a table of their own.
#pragma once

#include "os/meta_arena.h"
#include "page_mode/page_block.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct PageTableOrders {
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kFollow = std::memory_order_acquire;
};

class PageExtents {
 public:
  constexpr explicit PageExtents(MetaArena& meta) noexcept : meta_(meta) {}

  /// Takes `bytes` of address space, or half of it, and so on down to kReserveBytesMin.
  /// False: refused. Called once.
  bool reserve(std::size_t bytes) noexcept;

  /// Address space that is there, bytes; 0 before reserve().
  std::size_t reserved_bytes() const noexcept { return bytes_; }
  bool holds(Address address) const noexcept {
    return address - reinterpret_cast<Address>(base_) < bytes_;
  }
  /// True for an address inside the table of extents.
  bool table_holds(Address address) const noexcept {
    return address - reinterpret_cast<Address>(table_) < table_bytes();
  }

  /// The extent that holds an address, also a free one; null when there is none, or when its
  /// record was joined with another's. No lock, for the crash handler; without the lock it is a
  /// claim about the past unless the caller holds the block.
  PageBlock* at(Address address) const noexcept {
    return holds(address) ? at_page(page_of(address)) : nullptr;
  }
  PageBlock* at_page(std::size_t page) const noexcept;
  std::size_t page_of(Address address) const noexcept {
    return (address - reinterpret_cast<Address>(base_)) / kPageBytes;
  }
  std::byte* page_begin(std::size_t page) const noexcept { return base_ + page * kPageBytes; }
  std::size_t pages_max() const noexcept { return bytes_ / kPageBytes; }
  /// One past the last page that ever belonged to an extent.
  std::size_t frontier() const noexcept { return frontier_; }

  /// An extent of exactly `pages`, or more when there is no record for the rest. Null: none is
  /// free, or no memory for a record. Lookups find it from publish() on.
  PageBlock* take(std::size_t pages) noexcept;
  /// The extent is described as a block: its pages lead to it from now on.
  void publish(PageBlock& block) noexcept;
  /// Pages that take() returned are free again; `block` stays the record of what it joins.
  void give(PageBlock& block) noexcept;

  /// Extents tile the space and the bins agree with them. O(extents).
  bool verify() const noexcept;

  static constexpr std::size_t kReserveBytesMin = 4 * kMiB;

 private:
  using Entry = std::atomic<PageBlock*>;
  static constexpr std::size_t kExactBins = 64;
  static constexpr std::size_t kBins = kExactBins + 1;  // the last: everything longer

  static std::size_t bin_for(std::size_t pages) noexcept {
    return pages <= kExactBins ? pages - 1 : kExactBins;
  }
  std::size_t table_bytes() const noexcept {
    return round_up(bytes_ / kPageBytes * sizeof(Entry), kPageBytes);
  }
  PageBlock* find(std::size_t pages) const noexcept;
  PageBlock* record() noexcept;
  void spare(PageBlock& block) noexcept;
  /// Enough for a free extent, whose neighbours ask; it may be long and is cut often.
  void enter_edges(PageBlock& block) noexcept;
  void enter_bin(PageBlock& block) noexcept;
  void leave_bin(PageBlock& block) noexcept;
  /// Cuts the extent to `pages`; the rest becomes a free one.
  void cut(PageBlock& block, std::size_t pages) noexcept;

  MetaArena& meta_;
  std::byte* base_ = nullptr;   // const after reserve()
  std::size_t bytes_ = 0;       // const after reserve()
  Entry* table_ = nullptr;      // const after reserve()
  std::size_t frontier_ = 1;
  PageBlock* bins_[kBins] = {};
  PageBlock* spare_ = nullptr;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
