// Keyed bytes around a request: 15 before (level 3's front bytes but the header byte) and every byte
// from its end to the block's. Called by the checked gates and the sweeps. Invariant: no canary byte
// is zero, so that a stray terminator is always seen; the key is a secret of the process.
#pragma once

#include "base/block_layout.h"

namespace hakmem {

/// Eight canary bytes for the block whose user address is given, repeated as often as needed.
struct CanaryPattern {
  std::uint8_t bytes[8];

  static CanaryPattern make(std::uint64_t secret, Address user) noexcept {
    std::uint64_t mix = (secret ^ user) * 0x9e3779b97f4a7c15u;  // Fibonacci hashing, Knuth 6.4
    mix ^= mix >> 32;
    CanaryPattern pattern;
    for (unsigned i = 0; i < 8; ++i) {
      pattern.bytes[i] = static_cast<std::uint8_t>((mix >> (8 * i)) | 1);
    }
    return pattern;
  }
};

/// Writes the pattern over [begin, end); byte i of the range gets pattern byte i mod 8.
inline void write_canary(std::byte* begin, const std::byte* end, CanaryPattern pattern) noexcept {
  for (std::size_t i = 0; begin + i != end; ++i) begin[i] = std::byte{pattern.bytes[i % 8]};
}

/// The first byte of [begin, end) that differs from the pattern; `end` when none does.
inline const std::byte* find_canary_damage(const std::byte* begin, const std::byte* end,
                                           CanaryPattern pattern) noexcept {
  for (std::size_t i = 0; begin + i != end; ++i) {
    if (begin[i] != std::byte{pattern.bytes[i % 8]}) return begin + i;
  }
  return end;
}

}  // namespace hakmem
