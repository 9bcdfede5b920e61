// Random operations from a seed: for stress, the differential tests and the fuzzers' mutators.
// Invariant: the same seed and shape give the same list, on every machine.
#pragma once

#include <cstdint>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// SplitMix64 (Steele, Lea, Flood 2014): one word of state, every seed is good.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// A number in [0, bound); bound must not be 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

 private:
  std::uint64_t state_;
};

/// What a generated list may hold.
struct Shape {
  std::uint32_t operations = 1000;
  std::uint32_t threads = 3;   ///< numbers of threads, the first included
  std::uint32_t blocks = 64;   ///< slots
  std::uint64_t bytes_max = 1u << 20;
  std::uint32_t hand_over_one_in = 8;  ///< so many operations of a thread, one is on any's slot
  bool fork = false;
  bool misuse = false;
};

/// A size that some part of an allocator finds interesting: small ones mostly, edges of classes and
/// tiers, now and then a large or an impossible one. Below `bytes_max` but for the last kind.
std::uint64_t interesting_bytes(Random& random, std::uint64_t bytes_max) noexcept;

/// One operation; any of them may stand at any place.
Operation random_operation(Random& random, const Shape& shape) noexcept;

OperationList generate(std::uint64_t seed, const Shape& shape);

}  // namespace hakmem::ops
