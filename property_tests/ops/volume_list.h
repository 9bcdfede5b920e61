// Lists for runs of many millions of operations: nearly every operation applies, every tier and
// every entry point occurs, and most of the time is the allocator's, not the oracle's.
// Called by volume_main.cc. Invariant: the same seed and shape give the same list everywhere.
#pragma once

#include <cstdint>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

struct VolumeShape {
  std::uint32_t operations = 1'000'000;
  std::uint32_t threads = 2;
  std::uint32_t blocks = 8192;         ///< slots; a slot's operations keep their order
  std::uint32_t hand_over_one_in = 8;  ///< so many operations, one is on any thread's slot
  std::uint32_t exit_one_in = 50'000;  ///< so many operations, a thread ends; another takes over
  std::uint32_t purge_one_in = 100'000;
};

OperationList generate_volume(std::uint64_t seed, const VolumeShape& shape);

/// Which tier answers a request of so many bytes.
enum class VolumeTier : std::uint8_t { Tiny, Pool, Large, Direct, Impossible };
constexpr VolumeTier volume_tier(std::uint64_t bytes) noexcept {
  if (bytes <= 1024) return VolumeTier::Tiny;
  if (bytes <= 64u << 10) return VolumeTier::Pool;
  if (bytes <= 32u << 20) return VolumeTier::Large;
  return bytes <= PTRDIFF_MAX ? VolumeTier::Direct : VolumeTier::Impossible;
}

}  // namespace hakmem::ops
