// Address → slot, and the slots that are free, in memory of its own.
// Called by record_log.cc under its lock. Linear probing; deletion moves what follows up, so that a
// look-up ends at the first empty place. Invariant: each slot is free or has exactly one address.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "property_tests/ops/operation.h"

namespace hakmem::ops::record {

class AddressTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The address's slot; a new one when it has none. kNone: too many blocks are live.
  std::uint32_t enter(std::uintptr_t address) noexcept {
    if (places_ == nullptr && !grow()) return kNone;
    if (count_ * 4 >= capacity_ * 3 && !grow()) return kNone;
    Place& place = places_[find(address)];
    if (place.address == 0) {
      const std::uint32_t slot = take_slot();
      if (slot == kNone) return kNone;
      place = {address, slot};
      ++count_;
    }
    return place.slot;
  }

  /// The slot of an address; kNone when it has none.
  std::uint32_t look_up(std::uintptr_t address) const noexcept {
    if (places_ == nullptr || address == 0) return kNone;
    const Place& place = places_[find(address)];
    return place.address == 0 ? kNone : place.slot;
  }

  /// Takes an address out; its slot stays taken until give_back().
  std::uint32_t remove(std::uintptr_t address) noexcept {
    if (places_ == nullptr || address == 0) return kNone;
    std::size_t hole = find(address);
    if (places_[hole].address == 0) return kNone;
    const std::uint32_t slot = places_[hole].slot;
    --count_;
    for (std::size_t i = hole;;) {
      places_[hole] = {};
      do {
        i = (i + 1) & (capacity_ - 1);
        if (places_[i].address == 0) return slot;
        // What belongs between the hole and here stays; the rest may fill the hole.
      } while (((i - home(places_[i].address)) & (capacity_ - 1)) <
               ((i - hole) & (capacity_ - 1)));
      places_[hole] = places_[i];
      hole = i;
    }
  }

  /// An address for a slot that has none now. False: no room.
  bool enter_as(std::uintptr_t address, std::uint32_t slot) noexcept {
    if (count_ * 4 >= capacity_ * 3 && !grow()) return false;
    Place& place = places_[find(address)];
    if (place.address == 0) ++count_;
    place = {address, slot};
    return true;
  }

  std::uint32_t take_slot() noexcept {
    if (free_count_ != 0) return free_[--free_count_];
    return next_slot_ < kBlockMax ? next_slot_++ : kNone;
  }

  void give_back(std::uint32_t slot) noexcept {
    if (free_ == nullptr) {
      // Room for every slot; only what is used becomes memory.
      free_ = static_cast<std::uint32_t*>(map(kBlockMax * sizeof(std::uint32_t)));
      if (free_ == nullptr) return;
    }
    free_[free_count_++] = slot;
  }

 private:
  struct Place {
    std::uintptr_t address;  ///< 0: empty
    std::uint32_t slot;
  };

  static void* map(std::size_t bytes) noexcept {
    void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? nullptr : pages;
  }

  std::size_t home(std::uintptr_t address) const noexcept {
    return (address >> 3) * 0x9e3779b97f4a7c15u >> 20 & (capacity_ - 1);
  }

  std::size_t find(std::uintptr_t address) const noexcept {
    std::size_t i = home(address);
    while (places_[i].address != 0 && places_[i].address != address) i = (i + 1) & (capacity_ - 1);
    return i;
  }

  bool grow() noexcept {
    constexpr std::size_t kCapacityFirst = std::size_t{1} << 16;
    const std::size_t capacity = capacity_ == 0 ? kCapacityFirst : capacity_ * 2;
    Place* const fresh = static_cast<Place*>(map(capacity * sizeof(Place)));
    if (fresh == nullptr) return false;
    Place* const old = places_;
    const std::size_t old_capacity = capacity_;
    places_ = fresh;
    capacity_ = capacity;
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i].address != 0) places_[find(old[i].address)] = old[i];
    }
    if (old != nullptr) munmap(old, old_capacity * sizeof(Place));
    return true;
  }

  Place* places_ = nullptr;
  std::size_t capacity_ = 0;  ///< a power of two
  std::size_t count_ = 0;
  std::uint32_t* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::uint32_t next_slot_ = 0;
};

}  // namespace hakmem::ops::record
