// Keyed bytes around a request: 15 before (level 3's front bytes but the header byte) and every
// byte from its end to the block's. Called by the checked gates and the sweeps. Invariant: no
// canary byte is text, a small number, zero, 0xff or the fill, so that what programs write by one
// too many is always seen; the key is a secret of the process.
#pragma once

#include <bit>
#include <cstring>

#include "base/block_layout.h"

namespace hakmem {

/// Eight canary bytes for the block whose user address is given, repeated as often as needed.
/// Byte i of a range gets byte i mod 8 of the pattern, lowest first.
struct CanaryPattern {
  std::uint64_t word;

  static CanaryPattern make(std::uint64_t secret, Address user) noexcept {
    // Every byte is 0x81 to 0xfd, odd and without bit 1.
    constexpr std::uint64_t kSet = 0x8181818181818181u, kClear = 0x0202020202020202u;
    std::uint64_t mix = (secret ^ user) * 0x9e3779b97f4a7c15u;  // Fibonacci hashing, Knuth 6.4
    mix ^= mix >> 32;
    return {(mix | kSet) & ~kClear};
  }
  std::byte byte_at(std::size_t i) const noexcept {
    return static_cast<std::byte>(word >> (8 * (i % sizeof word)));
  }
};

/// A range of one to seven bytes as a number, lowest first. Reads a whole word, but never on a page
/// that holds no byte of the range: in page mode its neighbour may be closed.
inline std::uint64_t short_range(const std::byte* begin, std::size_t bytes) noexcept {
  const bool begins_page = reinterpret_cast<Address>(begin) % kPageBytes < sizeof(std::uint64_t);
  const unsigned unwanted_bits = 8 * static_cast<unsigned>(sizeof(std::uint64_t) - bytes);
  std::uint64_t word;
  if (begins_page) {
    std::memcpy(&word, begin, sizeof word);
    return word << unwanted_bits >> unwanted_bits;
  }
  std::memcpy(&word, begin + bytes - sizeof word, sizeof word);
  return word >> unwanted_bits;
}

/// The pattern's word as the last eight bytes of a range of `bytes` have it.
inline std::uint64_t last_canary_word(std::size_t bytes, CanaryPattern pattern) noexcept {
  return std::rotr(pattern.word, static_cast<int>(8 * (bytes % sizeof pattern.word)));
}

/// True when [begin, end) holds the pattern. May read up to seven bytes beside a range shorter than
/// a word: front bytes, the user's, or canaries.
HAK_INLINE bool holds_canary(const std::byte* begin, const std::byte* end,
                             CanaryPattern pattern) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(end - begin);
  std::uint64_t word;
  if (bytes < sizeof word) [[unlikely]] {
    if (bytes == 0) return true;
    const std::uint64_t wanted = (std::uint64_t{1} << 8 * bytes) - 1;
    return ((short_range(begin, bytes) ^ pattern.word) & wanted) == 0;
  }
  std::memcpy(&word, end - sizeof word, sizeof word);  // over the last whole one
  std::uint64_t differs = word ^ last_canary_word(bytes, pattern);
  std::memcpy(&word, begin, sizeof word);
  differs |= word ^ pattern.word;
  for (std::size_t i = sizeof word; i + sizeof word < bytes; i += sizeof word) {
    std::memcpy(&word, begin + i, sizeof word);
    differs |= word ^ pattern.word;
  }
  return differs == 0;
}

/// Writes the pattern over [begin, end).
HAK_INLINE void write_canary(std::byte* begin, std::byte* end, CanaryPattern pattern) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(end - begin);
  if (bytes < sizeof pattern.word) [[unlikely]] {
    for (std::size_t i = 0; i < bytes; ++i) begin[i] = pattern.byte_at(i);
    return;
  }
  std::memcpy(begin, &pattern.word, sizeof pattern.word);
  for (std::size_t i = sizeof pattern.word; i + sizeof pattern.word < bytes;
       i += sizeof pattern.word) {
    std::memcpy(begin + i, &pattern.word, sizeof pattern.word);
  }
  const std::uint64_t last = last_canary_word(bytes, pattern);
  std::memcpy(end - sizeof last, &last, sizeof last);
}

/// The first byte of [begin, end) that differs from the pattern; `end` when none does.
inline const std::byte* find_canary_damage(const std::byte* begin, const std::byte* end,
                                           CanaryPattern pattern) noexcept {
  if (holds_canary(begin, end, pattern)) return end;
  const std::size_t bytes = static_cast<std::size_t>(end - begin);
  std::size_t i = 0;
  for (; i + sizeof pattern.word <= bytes; i += sizeof pattern.word) {
    std::uint64_t word;
    std::memcpy(&word, begin + i, sizeof word);
    if (word != pattern.word) break;
  }
  while (i < bytes && begin[i] == pattern.byte_at(i)) ++i;
  return begin + i;
}

}  // namespace hakmem
