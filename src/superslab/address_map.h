// The address map: for each granule of the address space, who owns it. The registry of everything
// the allocator has; nothing that it does not own is ever dereferenced.
// Called by the free gate (lookup), the slab code and the large tier (store).
//
//   flat      16 GiB of address space, lazily committed, one 8-byte entry per 64 KiB: one load
//   charged   the same, read-only until a page of entries is needed (strict overcommit)
//   radix     two levels, when a limit on address space leaves no room; the fast path's limit is
//             then 0, so that every free takes the slow path, which looks up here
//
// PROTOCOL address map
//   An entry is written by the slab's owner, or under the large tier's lock. Readers may be any
//   thread. Who holds a block got it through the program's own synchronisation, hence sees an entry
//   at least as new as the hand-out; later entries differ only in the tag. A reader without a block
//   (a hostile free) sees an old or a new entry, both valid. Breaks it: clearing an entry while one
//   of its blocks is live.
#pragma once

#include <atomic>

#include "os/lock.h"
#include "os/meta_arena.h"
#include "superslab/map_entry.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct AddressMapOrders {
  static constexpr std::memory_order kLookup = std::memory_order_acquire;
  static constexpr std::memory_order kStore = std::memory_order_release;
  /// A leaf's entries are atomic, and zero when the system hands them out: nothing was written
  /// before the leaf is published that its reader must see. What an entry leads to, kStore orders.
  static constexpr std::memory_order kLeafPublish = std::memory_order_relaxed;
  static constexpr std::memory_order kLeafFollow = std::memory_order_relaxed;
};

class AddressMap {
 public:
  using Entry = std::atomic<std::uint64_t>;

  constexpr AddressMap() noexcept = default;
  AddressMap(const AddressMap&) = delete;
  AddressMap& operator=(const AddressMap&) = delete;

  /// Takes address space for the entries. `scarce`: prefer the radix form. False: refused.
  bool initialise(bool scarce) noexcept;

  /// Makes stores to this range possible; they cannot fail afterwards. False: memory refused.
  bool prepare(const std::byte* begin, std::size_t bytes) noexcept;

  /// The entry of any address at all; zero when it is not ours.
  MapEntry lookup(Address address) const noexcept {
    const std::size_t granule = granule_of(address);
    const Entry* const entry = granule < flat_limit_ ? &flat_[granule] : find_in_leaf(granule);
    if (entry == nullptr) return MapEntry();
    return MapEntry::from_bits(entry->load(AddressMapOrders::kLookup));
  }

  /// Sets the entries of `granules` granules from `begin`, a prepared range.
  void store(const std::byte* begin, std::size_t granules, MapEntry entry) noexcept {
    const std::size_t first = granule_of(reinterpret_cast<Address>(begin));
    for (std::size_t i = first; i < first + granules; ++i) {
      Entry& slot = i < flat_limit_ ? flat_[i] : *find_in_leaf(i);
      slot.store(entry.bits(), AddressMapOrders::kStore);
    }
  }

  /// The fast path's view: entry of granule i is flat()[i], for i < flat_limit().
  HAK_INLINE Entry* flat() const noexcept { return flat_; }
  HAK_INLINE std::size_t flat_limit() const noexcept { return flat_limit_; }

  /// True for an address inside the flat map's own memory.
  bool holds(Address address) const noexcept {
    return address - reinterpret_cast<Address>(flat_) < flat_limit_ * sizeof(Entry);
  }
  /// One past that memory, which is a whole number of pages.
  Address memory_end() const noexcept {
    return reinterpret_cast<Address>(flat_) + flat_limit_ * sizeof(Entry);
  }

  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  static constexpr unsigned kLeafShift = 13;  // a leaf covers 512 MiB and takes 64 KiB
  static constexpr std::size_t kLeafEntries = std::size_t{1} << kLeafShift;
  static constexpr std::size_t kRootEntries = kGranuleCount >> kLeafShift;
  using Leaf = std::atomic<Entry*>;

  /// The entry of a granule that the flat form does not cover; null when there is none.
  Entry* find_in_leaf(std::size_t granule) const noexcept;
  bool prepare_radix(std::size_t first, std::size_t last) noexcept;

  Entry* flat_ = nullptr;         // const after initialise()
  std::size_t flat_limit_ = 0;    // const after initialise(); 0 in the radix form
  Leaf* root_ = nullptr;          // const after initialise(); null in the flat forms
  bool charged_ = false;          // const after initialise()
  Lock lock_;                     // guards the making of leaves
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
