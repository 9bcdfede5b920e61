// The fill of freed bytes: a pattern that is no address, no text and no small number, so that a
// program which reads it crashes early. Called by the checked gates and the sweeps.
#pragma once

#include <cstring>

#include "base/units.h"

namespace hakmem {

/// What freed bytes read as.
inline constexpr unsigned char kFreedByte = 0xa2;
/// Freed bytes that are filled and checked at most, from the block's start: a large block's pages
/// must not be touched for it.
inline constexpr std::size_t kFillBytesMax = 256 * kKiB;

constexpr std::size_t filled_bytes(std::size_t request) noexcept {
  return request < kFillBytesMax ? request : kFillBytesMax;
}

inline void fill_freed(std::byte* begin, std::size_t bytes) noexcept {
  std::memset(begin, kFreedByte, bytes);
}

/// The first byte that is not kFreedByte; begin + bytes when all are.
inline const std::byte* find_fill_damage(const std::byte* begin, std::size_t bytes) noexcept {
  constexpr std::uint64_t kWord = 0xa2a2a2a2a2a2a2a2u;
  constexpr std::size_t kWords = 8;  // compared at once, without a branch between
  std::size_t i = 0;
  for (; i + kWords * sizeof kWord <= bytes; i += kWords * sizeof kWord) {
    std::uint64_t words[kWords];
    std::memcpy(words, begin + i, sizeof words);
    std::uint64_t differs = 0;
    for (const std::uint64_t word : words) differs |= word ^ kWord;
    if (differs != 0) break;
  }
  for (; i + sizeof kWord <= bytes; i += sizeof kWord) {
    std::uint64_t word;
    std::memcpy(&word, begin + i, sizeof word);
    if (word != kWord) break;
  }
  while (i < bytes && begin[i] == std::byte{kFreedByte}) ++i;
  return begin + i;
}

}  // namespace hakmem
