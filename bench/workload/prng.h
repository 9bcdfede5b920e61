// The workloads' random numbers: small, inlined, the same on every machine for the same seed.
// Called by every mode. Invariant: no state outside the object, no libc generator, so that two
// allocators are always given the same sequence of sizes and slots.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hakmem::bench {

/// splitmix64 (Steele, Lea, Flood 2014): spreads a seed, however small, over 64 bits.
constexpr std::uint64_t splitmix64(std::uint64_t seed) noexcept {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Maps 32 random bits to [0, bound) by multiplication; no division in a timed loop.
constexpr std::uint64_t scale32(std::uint64_t bits32, std::uint64_t bound) noexcept {
  return (bits32 * bound) >> 32;
}

/// xorshift64 (Marsaglia 2003), seeded by splitmix64. Period 2^64 - 1.
class Prng {
 public:
  explicit constexpr Prng(std::uint64_t seed) noexcept : state_(splitmix64(seed)) {
    if (state_ == 0) state_ = 1;  // the one fixed point of the generator
  }

  constexpr std::uint64_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  /// Uniform in [0, bound); bound is at most 2^32.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    return scale32(next() >> 32, bound);
  }

 private:
  std::uint64_t state_;
};

/// One draw that gives both a slot and a size: the low half picks the one, the high half the other.
struct SlotAndSize {
  std::size_t slot;
  std::size_t bytes;
};

/// Slot in [0, slots), size in [min_bytes, max_bytes]; slots and the span are below 2^32.
constexpr SlotAndSize draw_slot_and_size(Prng& prng, std::uint64_t slots, std::size_t min_bytes,
                                         std::size_t max_bytes) noexcept {
  const std::uint64_t bits = prng.next();
  return {static_cast<std::size_t>(scale32(bits & 0xFFFFFFFFu, slots)),
          min_bytes + static_cast<std::size_t>(scale32(bits >> 32, max_bytes - min_bytes + 1))};
}

}  // namespace hakmem::bench
