// The bytes of a block, and the one conversion boundary between base and user pointer.
// Called by the tiers, the gates and the checks.
//
//   headerless (levels 0–1)      base = user ┃ request … usable = stride                         ┃
//   header byte (level 2)        base ┃h┃ user: request … usable = stride − 1                    ┃
//   records (levels 3–4)         base ┃15 canary bytes┃h┃ user: request ┃ tail canary … ≥ 8 bytes ┃
//
// h is 0xa0 | (class & 0xf), always at user − 1, and stays valid while the block is free.
// The user pointer is 16-byte aligned in every layout; the base therefore is not, with a header.
// Invariant: to_base(to_user(b)) == b for every class and layout, from these constants alone.
#pragma once

#include "base/build_config.h"
#include "base/ptr_types.h"
#include "base/size_class.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr bool kRecordLayout = kBuildChecks.has(Check::kRecords);
/// Bytes between a block's base and the user's first byte.
inline constexpr std::size_t kFrontBytes = kRecordLayout ? 16 : (kHeaderLayout ? 1 : 0);
/// Bytes that must follow the request; slack up to the stride is canary too.
inline constexpr std::size_t kTailBytes = kBuildChecks.has(Check::kCanaries) ? 8 : 0;
inline constexpr std::size_t kOverheadBytes = kFrontBytes + kTailBytes;

/// A free block's link lies here, from its base: never over the header byte, and not over the
/// freed user bytes when those are filled and checked.
inline constexpr std::size_t kNextOffset = kRecordLayout ? 0 : kFrontBytes;

inline constexpr std::byte kHeaderMagic{0xa0};
inline constexpr std::byte kHeaderClassMask{0x0f};

template <class Tier>
HAK_INLINE UserPtr<Tier> to_user(BasePtr<Tier> base) noexcept {
  return UserPtr<Tier>::unsafe_from(base.unsafe_bytes() + kFrontBytes);
}

template <class Tier>
HAK_INLINE BasePtr<Tier> to_base(UserPtr<Tier> user) noexcept {
  return BasePtr<Tier>::unsafe_from(user.unsafe_bytes() - kFrontBytes);
}

/// The bytes of a block of this class that a program may use.
constexpr std::size_t usable_bytes(ClassIndex c) noexcept {
  return stride_of(c) - kOverheadBytes;
}

/// Offset of the first block's base in a slab. The first user pointer gets the largest power of
/// two that divides the stride (up to a page), so that every block of the class has it.
constexpr std::size_t first_base_offset(ClassIndex c) noexcept {
  if (kFrontBytes == 0) return 0;
  const std::size_t align = lowest_power_of_two(stride_of(c));
  const std::size_t first_user = align < kPageBytes ? align : kPageBytes;
  return first_user - kFrontBytes;
}

/// Blocks that fit a slab or span of the class.
constexpr std::size_t capacity_of(ClassIndex c) noexcept {
  const std::size_t data = span_slabs_of(c) * kGranuleBytes - first_base_offset(c);
  const std::size_t fit = data / stride_of(c);
  return fit < kGeometry.blocks_per_slab_max ? fit : kGeometry.blocks_per_slab_max;
}

constexpr std::byte header_byte_of(ClassIndex c) noexcept {
  return kHeaderMagic | (static_cast<std::byte>(c) & kHeaderClassMask);
}

HAK_INLINE void write_header(SlabBase base, ClassIndex c) noexcept {
  if constexpr (kHeaderLayout) to_user(base).unsafe_bytes()[-1] = header_byte_of(c);
}

HAK_INLINE std::byte read_header(SlabBase base) noexcept {
  return to_user(base).unsafe_bytes()[-1];
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
