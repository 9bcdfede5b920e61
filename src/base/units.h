// Sizes and addresses: constants, rounding, and the address type that arithmetic is done in.
// Called by every layer. Pointers to blocks are in ptr_types.h; this is for plain memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hakmem {

/// An address as a number. Never dereferenced; turned into a pointer only by os/ and ptr_types.h.
using Address = std::uintptr_t;

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

/// The smallest alignment malloc promises, for every size, as glibc on x86-64 does.
inline constexpr std::size_t kMinAlignBytes = 16;
inline constexpr std::size_t kPageBytes = 4096;
/// The address map has one entry for each of these; also a slab's size and the large tier's unit.
inline constexpr unsigned kGranuleShift = 16;
inline constexpr std::size_t kGranuleBytes = std::size_t{1} << kGranuleShift;
/// User addresses on x86-64 with 4-level paging end here; anything above is not ours.
inline constexpr unsigned kAddressBits = 47;
inline constexpr std::size_t kGranuleCount = std::size_t{1} << (kAddressBits - kGranuleShift);
/// Requests above this always fail, as the C library's do.
inline constexpr std::size_t kRequestMax = PTRDIFF_MAX;

constexpr bool is_power_of_two(std::size_t n) noexcept { return n != 0 && (n & (n - 1)) == 0; }

/// Rounds down to a multiple of `align`, a power of two.
constexpr std::size_t round_down(std::size_t n, std::size_t align) noexcept {
  return n & ~(align - 1);
}

/// Rounds up to a multiple of `align`, a power of two. The caller excludes overflow.
constexpr std::size_t round_up(std::size_t n, std::size_t align) noexcept {
  return (n + align - 1) & ~(align - 1);
}

/// Granules that `bytes` fill, rounded up. The caller excludes overflow.
constexpr std::size_t granules_for(std::size_t bytes) noexcept {
  return (bytes + kGranuleBytes - 1) >> kGranuleShift;
}

constexpr std::size_t granule_of(Address address) noexcept { return address >> kGranuleShift; }

/// The largest power of two that divides `n`, n > 0.
constexpr std::size_t lowest_power_of_two(std::size_t n) noexcept { return n & (~n + 1); }

}  // namespace hakmem
