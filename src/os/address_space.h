// Address space for SuperSlabs and large runs, taken from the system in big reservations when it is
// plentiful and exactly as needed when it is scarce. Called by superslab/shared_pool and large/.
// Invariant: ranges handed out are disjoint, readable, writable, zeroed and a multiple of a
// granule.
#pragma once

#include "os/lock.h"
#include "os/memory_marks.h"

namespace hakmem {

class AddressSpace {
 public:
  constexpr explicit AddressSpace(std::size_t reserve_ahead_bytes) noexcept
      : reserve_ahead_bytes_(reserve_ahead_bytes) {}

  /// Looks at the process's limits; called once before the first take().
  void initialise() noexcept { scarce_ = os::address_space_is_scarce(); }

  /// True when ranges are mapped one by one, so that unused ones should be given back.
  bool scarce() const noexcept { return scarce_; }

  /// Returns `bytes` (a multiple of a granule) at a multiple of `align` (a power of two, at least a
  /// granule); when address space is scarce only granule alignment is promised. Null: refused.
  std::byte* take(std::size_t bytes, std::size_t align) noexcept {
    if (scarce_) return os::map_aligned(bytes, kGranuleBytes);
    LockScope scope(lock_);
    std::byte* begin = aligned_cursor(align);
    if (cursor_ == nullptr || begin > end_ ||
        bytes > static_cast<std::size_t>(end_ - begin)) {
      if (!reserve(bytes, align)) return os::map_aligned(bytes, kGranuleBytes);
      begin = aligned_cursor(align);
    }
    cursor_ = begin + bytes;
    return begin;
  }

  /// Gives back a range that take() returned. Only when address space is scarce: a reservation's
  /// pieces stay reserved, and their owner discards the pages instead.
  bool give_back(std::byte* begin, std::size_t bytes) noexcept {
    return scarce_ && os::unmap(begin, bytes);
  }

  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  std::byte* aligned_cursor(std::size_t align) const noexcept {
    const Address at = reinterpret_cast<Address>(cursor_);
    return cursor_ + (round_up(at, align) - at);
  }

  /// What is left of the old reservation is at most `bytes + align` and stays untouched.
  bool reserve(std::size_t bytes, std::size_t align) noexcept {
    const std::size_t wanted =
        bytes + align > reserve_ahead_bytes_ ? bytes + align : reserve_ahead_bytes_;
    std::byte* const memory = os::map_aligned(wanted, align);
    if (memory == nullptr) return false;
    if constexpr (marks::kOn) marks::set_aside(memory, wanted);
    cursor_ = memory;
    end_ = memory + wanted;
    return true;
  }

  Lock lock_;
  std::byte* cursor_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t reserve_ahead_bytes_;
  bool scarce_ = false;
};

}  // namespace hakmem
