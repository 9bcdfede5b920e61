// A hash of call stacks that grows and shrinks by a frame at either end, so that the sixteen
// innermost frames of a deep stack are hashed in a few steps: a polynomial modulo 2^64 of mixed
// return addresses. Called by the depot and the shadow stack. (Karp, Rabin: Efficient randomized
// pattern-matching algorithms, 1987.)
#pragma once

#include "base/units.h"

namespace hakmem {

struct StackHash {
  std::uint64_t word = 0;

  /// Of the same stack with one more frame, further in.
  constexpr StackHash then(Address pc) const noexcept {
    return {word * kBase + mix(pc)};
  }
  /// Of the same stack without its outermost frames, whose hash is `outer`; `power` is
  /// power_of() the number of frames that are left.
  constexpr StackHash without(StackHash outer, std::uint64_t power) const noexcept {
    return {word - outer.word * power};
  }
  static constexpr std::uint64_t power_of(std::uint32_t frames) noexcept {
    std::uint64_t power = 1;
    for (std::uint32_t i = 0; i < frames; ++i) power *= kBase;
    return power;
  }
  friend constexpr bool operator==(StackHash, StackHash) noexcept = default;

 private:
  static constexpr std::uint64_t kBase = 0xd1342543de82ef95;        // Steele, Vigna 2021
  static constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
  static constexpr std::uint64_t mix(Address pc) noexcept {
    const std::uint64_t product = pc * kMultiplier;
    return product ^ product >> 32;
  }
};

}  // namespace hakmem
