// Page mode: each block on whole pages of its own, a closed page beside it, and closed pages
// instead of its own once it is freed. Level 4 only. Called by the checked gate, the sweeps and,
// through extents() without a lock, by the crash handler.
// Invariant: an open page belongs to one live block; every page next to a block's is closed.
//
//   allocate → Taken, record Busy, data pages open
//   release  → record Quarantined, data pages closed and empty, last in the queue of resting blocks
//   oldest   → Free, when space is short and more than a quarter of it rests
//
// Budget: each live block with data splits the kernel's list of mappings in two places, so at
// most `blocks_max` live at once; beyond it, or without space, allocate() declines and the caller
// takes an ordinary block.
//
// PROTOCOL page tier
//   One lock guards extents, the queue, the counts, and is held over the system calls that open and
//   close pages: who walks the blocks under it reads no page that closes meanwhile. A block's
//   record belongs to who has the block, by its state; release() changes it under the lock. Lookups
//   take no lock: the table's entry is published after the extent is described, and a record that
//   no longer describes the page is not believed. So the crash handler may run while its own
//   thread holds the lock. Breaks it: closing pages without the lock; describing an extent after
//   its entry is published.
#pragma once

#include "page_mode/page_extents.h"
#include "page_mode/page_placement.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct PageLimits {
  PageSide side = PageSide::Off;
  std::size_t least_align = kAutomaticAlign;  ///< or a power of two up to 16
  std::size_t space_bytes = 0;    ///< address space for live and resting blocks
  std::size_t blocks_max = 0;     ///< live blocks with open pages

  /// Live blocks that leave a quarter of the kernel's mappings to everybody else.
  static constexpr std::size_t blocks_for(std::size_t mappings_max) noexcept {
    constexpr std::size_t kMappingsPerBlock = 2;
    return mappings_max / 4 * 3 / kMappingsPerBlock;
  }
};

struct PageStats {
  std::size_t live_blocks = 0;      ///< with open pages
  std::size_t resting_blocks = 0;
  std::size_t resting_pages = 0;
  std::size_t open_pages = 0;       ///< of the live blocks
  std::size_t lost_pages = 0;       ///< the system refused to close them; never used again
  std::uint64_t declined = 0;       ///< requests that the budget had no room for
};

class PageTier {
 public:
  constexpr explicit PageTier(MetaArena& meta) noexcept : extents_(meta) {}

  /// Switches page mode on. False: the system refuses address space; it then stays off. Called
  /// once, before there is a second thread.
  bool enable(const PageLimits& limits) noexcept;
  PageSide side() const noexcept { return limits_.side; }
  bool is_on() const noexcept { return limits_.side != PageSide::Off; }

  /// A block of `request` bytes with open pages, zeroed unless `dirty`, and its record Fresh.
  /// `asked_align`: 0 or a power of two. Null: off, or no budget.
  PageBlock* allocate(std::size_t request, std::size_t asked_align) noexcept;
  /// Ends a block whose record the caller made Busy: closes its pages and lets it rest.
  void release(PageBlock& block) noexcept;

  bool holds(Address address) const noexcept { return extents_.holds(address); }
  bool table_holds(Address address) const noexcept { return extents_.table_holds(address); }
  /// The extents, for lookups without the lock.
  const PageExtents& extents() const noexcept { return extents_; }
  /// The block whose pages hold an address, live or resting; null when there is none.
  PageBlock* at(Address address) const noexcept {
    PageBlock* const block = extents_.at(address);
    return block != nullptr && block->state == ExtentState::Taken ? block : nullptr;
  }
  /// The block whose user address this is or, while its pages were not joined with others or used
  /// again, was; null when there is none.
  PageBlock* find(Address user) const noexcept {
    PageBlock* const block = extents_.at(user);
    const bool is_start = block != nullptr && reinterpret_cast<Address>(block->user) == user;
    return is_start ? block : nullptr;
  }

  /// Calls visit(block) for every live or resting block, under the lock: no page closes meanwhile.
  /// The visitor must not allocate or free.
  template <class Visit>
  void for_each(Visit visit) noexcept {
    LockScope scope(lock_);
    for_each_locked(visit);
  }
  /// The same from a signal handler; visits none when the lock stays taken.
  template <class Visit>
  void try_for_each(Visit visit) noexcept {
    if (!lock_.try_lock_for_a_while()) return;
    for_each_locked(visit);
    lock_.unlock();
  }

  PageStats stats() noexcept;
  /// The same; false when the lock is held.
  bool try_stats(PageStats& out) noexcept {
    if (!lock_.try_lock()) return false;
    out = stats_;
    lock_.unlock();
    return true;
  }
  bool verify() noexcept;
  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  /// Most of a reservation that live blocks may take: what rests must have room.
  static constexpr std::size_t kRestingShare = 4;

  template <class Visit>
  void for_each_locked(Visit visit) noexcept {
    for (std::size_t page = 1; page < extents_.frontier();) {
      PageBlock* const block = extents_.at_page(page);
      if (block == nullptr) return;
      page += block->pages;
      if (block->state == ExtentState::Taken) visit(*block);
    }
  }
  PageBlock* decline_locked() noexcept;
  PageBlock* take_locked(std::size_t pages) noexcept;
  /// Describes a block in its extent, before the extent's pages are opened.
  void place(PageBlock& block, const PagePlacement& placement, std::size_t align) noexcept;
  void let_oldest_go_locked() noexcept;

  Lock lock_;
  PageExtents extents_;
  PageLimits limits_;
  PageStats stats_;
  PageBlock* oldest_ = nullptr;  // resting blocks, in the order of their release
  PageBlock* newest_ = nullptr;
};

/// The tier of builds without page mode: every question is a constant "no", and all of it vanishes.
struct NoPageTier {
  struct NoLock {
    constexpr void lock() const noexcept {}
    constexpr void unlock() const noexcept {}
  };
  constexpr explicit NoPageTier(MetaArena&) noexcept {}
  constexpr bool is_on() const noexcept { return false; }
  constexpr PageBlock* allocate(std::size_t, std::size_t) const noexcept { return nullptr; }
  constexpr void release(PageBlock&) const noexcept {}
  constexpr bool holds(Address) const noexcept { return false; }
  constexpr bool table_holds(Address) const noexcept { return false; }
  constexpr PageBlock* at(Address) const noexcept { return nullptr; }
  constexpr PageBlock* find(Address) const noexcept { return nullptr; }
  template <class Visit>
  constexpr void for_each(Visit) const noexcept {}
  template <class Visit>
  constexpr void try_for_each(Visit) const noexcept {}
  constexpr PageStats stats() const noexcept { return {}; }
  constexpr bool try_stats(PageStats&) const noexcept { return true; }
  constexpr bool verify() const noexcept { return true; }
  constexpr NoLock lock_for_fork() const noexcept { return {}; }
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
