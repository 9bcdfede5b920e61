// Division by a slab's stride without a division: one multiplication by a rounded-up inverse.
// Called by superslab/ and the checked gates, where every free asks whether an offset is a block's.
// Algorithm: D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation" (2019).
#pragma once

#include "base/units.h"

namespace hakmem {

/// The inverse of a stride. Strides are multiples of 16 bytes up to 64 KiB, offsets lie below
/// kOffsetMax bytes: in units of 16 bytes 31 bits of fraction then make both answers exact.
class StrideDivisor {
 public:
  static constexpr std::size_t kUnitBytes = 16;
  static constexpr std::size_t kStrideMax = 64 * kKiB;
  static constexpr std::size_t kOffsetMax = 4 * kMiB;

  constexpr StrideDivisor() noexcept = default;
  /// Precondition: a multiple of 16 from 16 to kStrideMax.
  static constexpr StrideDivisor of(std::size_t stride_bytes) noexcept {
    const std::uint64_t units = stride_bytes / kUnitBytes;
    StrideDivisor divisor;
    divisor.inverse_ = static_cast<std::uint32_t>((kOne + units - 1) / units);
    return divisor;
  }

  /// True when the offset, below kOffsetMax bytes, is a multiple of the stride.
  constexpr bool divides(Address offset) const noexcept {
    const std::uint32_t units = static_cast<std::uint32_t>(offset / kUnitBytes);
    return offset % kUnitBytes == 0 && (units * inverse_ & kFraction) < inverse_;
  }
  /// offset / stride, rounded down, for an offset below kOffsetMax bytes.
  constexpr std::size_t quotient(Address offset) const noexcept {
    return static_cast<std::size_t>(offset / kUnitBytes * inverse_ >> kFractionBits);
  }

  friend constexpr bool operator==(StrideDivisor, StrideDivisor) noexcept = default;

 private:
  static constexpr int kFractionBits = 31;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << kFractionBits;
  static constexpr std::uint32_t kFraction = static_cast<std::uint32_t>(kOne - 1);

  std::uint32_t inverse_ = 0;
};

}  // namespace hakmem
