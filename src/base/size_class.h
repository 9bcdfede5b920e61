// Request size to size class, and back. Called by the tiers' fast paths and the slab code.
//
//   class 0          nothing: its bin is always empty, so malloc(0) takes the slow path to class 1
//   class 1 … 64     tiny: 16, 32, … 1024 bytes          (one slab of 64 KiB)
//   class 65 … 112   pool: 8 classes a doubling to 64 KiB (above 2 KiB a span of slabs)
//
// A class's stride counts everything a block takes: front bytes, request, tail bytes.
// Invariant: stride(class_for(n)) >= n for every n up to kSlabBlockMax, from this one table.
#pragma once

#include <array>
#include <bit>

#include "base/build_config.h"
#include "base/compiler.h"
#include "base/units.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Index of a size class; a type of its own so that a size cannot be passed for it.
enum class ClassIndex : std::uint8_t {};

constexpr std::size_t index_of(ClassIndex c) noexcept { return static_cast<std::size_t>(c); }

inline constexpr std::size_t kTinyStepBytes = 16;
inline constexpr std::size_t kTinyBlockMax = 1024;
inline constexpr std::size_t kTinyClassCount = kTinyBlockMax / kTinyStepBytes + 1;
inline constexpr std::size_t kPoolBlockMax = 64 * kKiB;
inline constexpr std::size_t kSlabBlockMax = kPoolBlockMax;
inline constexpr std::size_t kPoolStepsPerDoubling = 8;
inline constexpr unsigned kTinyMaxLog2 = 10;
inline constexpr std::size_t kPoolClassCount = 6 * kPoolStepsPerDoubling;
inline constexpr std::size_t kClassCount = kTinyClassCount + kPoolClassCount;
/// Blocks up to this live in one slab; larger ones in spans of kGeometry.pool_span_slabs.
inline constexpr std::size_t kSingleSlabBlockMax = 2 * kKiB;

/// Class of a block of `block_bytes` in 0 … kTinyBlockMax. One add and one shift.
HAK_INLINE constexpr ClassIndex tiny_class_for(std::size_t block_bytes) noexcept {
  return static_cast<ClassIndex>((block_bytes + kTinyStepBytes - 1) / kTinyStepBytes);
}

/// Class of a block of `block_bytes` in kTinyBlockMax + 1 … kPoolBlockMax.
HAK_INLINE constexpr ClassIndex pool_class_for(std::size_t block_bytes) noexcept {
  const std::size_t last_byte = block_bytes - 1;
  const unsigned log2 = 63u - static_cast<unsigned>(__builtin_clzll(last_byte));
  const std::size_t step = (last_byte >> (log2 - 3)) & (kPoolStepsPerDoubling - 1);
  return static_cast<ClassIndex>(kTinyClassCount + (log2 - kTinyMaxLog2) * kPoolStepsPerDoubling +
                                 step);
}

/// Class of a block of `block_bytes` up to kSlabBlockMax; zero is served by the smallest class.
constexpr ClassIndex class_for(std::size_t block_bytes) noexcept {
  if (block_bytes == 0) return static_cast<ClassIndex>(1);
  return block_bytes <= kTinyBlockMax ? tiny_class_for(block_bytes) : pool_class_for(block_bytes);
}

namespace size_class_detail {
constexpr std::array<std::uint32_t, kClassCount> make_strides() noexcept {
  std::array<std::uint32_t, kClassCount> strides{};
  strides[0] = kTinyStepBytes;
  for (std::size_t c = 1; c < kTinyClassCount; ++c) {
    strides[c] = static_cast<std::uint32_t>(c * kTinyStepBytes);
  }
  for (std::size_t c = kTinyClassCount; c < kClassCount; ++c) {
    const std::size_t pool = c - kTinyClassCount;
    const std::size_t doubling = kTinyBlockMax << (pool / kPoolStepsPerDoubling);
    const std::size_t step = pool % kPoolStepsPerDoubling + 1;
    strides[c] = static_cast<std::uint32_t>(doubling + doubling * step / kPoolStepsPerDoubling);
  }
  return strides;
}
inline constexpr auto kStrides = make_strides();
}  // namespace size_class_detail

/// Bytes from one block of the class to the next.
constexpr std::size_t stride_of(ClassIndex c) noexcept {
  return size_class_detail::kStrides[index_of(c)];
}

/// Slabs that one carving unit of the class takes.
constexpr std::size_t span_slabs_of(ClassIndex c) noexcept {
  return stride_of(c) <= kSingleSlabBlockMax ? 1 : kGeometry.pool_span_slabs;
}

constexpr bool is_tiny(ClassIndex c) noexcept { return index_of(c) < kTinyClassCount; }

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
