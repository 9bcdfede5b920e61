// Keyed bytes around a request: 15 before (level 3's front bytes but the header byte) and every
// byte from its end to the block's. Called by the checked gates and the sweeps. Invariant: no
// canary byte is zero, so that a stray terminator is always seen; the key is a secret of the
// process.
#pragma once

#include <cstring>

#include "base/block_layout.h"

namespace hakmem {

/// Eight canary bytes for the block whose user address is given, repeated as often as needed.
/// Byte i of a range gets byte i mod 8 of the pattern, lowest first.
struct CanaryPattern {
  std::uint64_t word;

  static CanaryPattern make(std::uint64_t secret, Address user) noexcept {
    constexpr std::uint64_t kNoZeroByte = 0x0101010101010101u;
    std::uint64_t mix = (secret ^ user) * 0x9e3779b97f4a7c15u;  // Fibonacci hashing, Knuth 6.4
    mix ^= mix >> 32;
    return {mix | kNoZeroByte};
  }
  std::byte byte_at(std::size_t i) const noexcept {
    return static_cast<std::byte>(word >> (8 * (i % sizeof word)));
  }
};

/// True when [begin, end) holds the pattern. Reads whole words, so up to seven bytes before a range
/// shorter than a word: there are always front bytes or the user's before a block's canaries.
inline bool holds_canary(const std::byte* begin, const std::byte* end,
                         CanaryPattern pattern) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(end - begin);
  std::uint64_t differs = 0, word;
  for (std::size_t i = 0; i + sizeof word <= bytes; i += sizeof word) {
    std::memcpy(&word, begin + i, sizeof word);
    differs |= word ^ pattern.word;
  }
  const std::size_t rest = bytes % sizeof word;
  if (rest == 0) return differs == 0;
  std::memcpy(&word, end - sizeof word, sizeof word);
  // The last bytes of the range are the word's highest; what is below them was seen or is not ours.
  const unsigned below = 8 * static_cast<unsigned>(sizeof word - rest);
  differs |= (word >> below ^ pattern.word) << below;
  return differs == 0;
}

/// Writes the pattern over [begin, end).
inline void write_canary(std::byte* begin, const std::byte* end, CanaryPattern pattern) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(end - begin);
  std::size_t i = 0;
  for (; i + sizeof pattern.word <= bytes; i += sizeof pattern.word) {
    std::memcpy(begin + i, &pattern.word, sizeof pattern.word);
  }
  std::uint64_t rest = pattern.word;
  for (; i < bytes; ++i, rest >>= 8) begin[i] = static_cast<std::byte>(rest);
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
