// The fill of freed bytes: a pattern that is no address, no text and no small number, so that a
// program which reads it crashes early. Called by the checked gates and the sweeps.
#pragma once

#include <emmintrin.h>

#include <cstring>

#include "base/build_config.h"

namespace hakmem {

/// What freed bytes read as.
inline constexpr unsigned char kFreedByte = 0xa2;
/// Freed bytes that are filled and checked at most, from the block's start: a large block's pages
/// must not be touched for it.
inline constexpr std::size_t kFillBytesMax = kGeometry.filled_bytes_max;

constexpr std::size_t filled_bytes(std::size_t request) noexcept {
  return request < kFillBytesMax ? request : kFillBytesMax;
}

/// Fetches the first lines of a block that is about to be filled or checked.
inline void prefetch_for_write(const std::byte* begin, std::size_t bytes) noexcept {
  constexpr std::size_t kBytesMax = kKiB, kLineBytes = 64;
  if (bytes > kBytesMax) bytes = kBytesMax;
  for (std::size_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(begin + i, 1);
}

inline void fill_freed(std::byte* begin, std::size_t bytes) noexcept {
  std::memset(begin, kFreedByte, bytes);
}

/// The first byte that is not kFreedByte; begin + bytes when all are.
inline const std::byte* find_fill_damage(const std::byte* begin, std::size_t bytes) noexcept {
  constexpr std::size_t kVectors = 4;  // compared at once, without a branch between
  const __m128i fill = _mm_set1_epi8(static_cast<char>(kFreedByte));
  const auto equal_at = [&](std::size_t i) {
    return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + i)), fill);
  };
  std::size_t i = 0;
  for (; i + kVectors * sizeof fill <= bytes; i += kVectors * sizeof fill) {
    const __m128i first = _mm_and_si128(equal_at(i), equal_at(i + sizeof fill));
    const __m128i last =
        _mm_and_si128(equal_at(i + 2 * sizeof fill), equal_at(i + 3 * sizeof fill));
    if (_mm_movemask_epi8(_mm_and_si128(first, last)) != 0xffff) break;
  }
  for (; i + sizeof fill <= bytes; i += sizeof fill) {
    if (_mm_movemask_epi8(equal_at(i)) != 0xffff) break;
  }
  while (i < bytes && begin[i] == std::byte{kFreedByte}) ++i;
  return begin + i;
}

}  // namespace hakmem
