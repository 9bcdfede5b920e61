// The fill of freed bytes: a pattern that is no address, no text and no small number, so that a
// program which reads it crashes early. Called by the checked gates and the sweeps.
#pragma once

#include <emmintrin.h>

#include <cstring>

#include "base/build_config.h"
#include "base/compiler.h"

namespace hakmem {

/// What freed bytes read as.
inline constexpr unsigned char kFreedByte = 0xa2;
/// Freed bytes that are filled and checked at most, from the block's start: a large block's pages
/// must not be touched for it.
inline constexpr std::size_t kFillBytesMax = kGeometry.filled_bytes_max;

constexpr std::size_t filled_bytes(std::size_t request) noexcept {
  return request < kFillBytesMax ? request : kFillBytesMax;
}

/// Fetches the first lines of a block that is about to be filled or checked. Forced inline, and so
/// must be every caller that does nothing else: g++ takes a function of prefetches for one without
/// effect, and drops its calls.
HAK_INLINE void prefetch_for_write(const std::byte* begin, std::size_t bytes) noexcept {
  constexpr std::size_t kBytesMax = kKiB, kLineBytes = 64;
  if (bytes > kBytesMax) bytes = kBytesMax;
  for (std::size_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(begin + i, 1);
}

namespace poison_detail {

using Vector = __m128i;
inline constexpr std::uint64_t kFreedWord = 0x0101010101010101u * kFreedByte;

HAK_INLINE Vector freed_vector() noexcept { return _mm_set1_epi8(static_cast<char>(kFreedByte)); }
HAK_INLINE void store_fill(std::byte* at) noexcept {
  _mm_storeu_si128(reinterpret_cast<Vector*>(at), freed_vector());
}
HAK_INLINE Vector differences(const std::byte* at) noexcept {
  return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const Vector*>(at)), freed_vector());
}
HAK_INLINE bool is_zero(Vector vector) noexcept {
  return _mm_movemask_epi8(_mm_cmpeq_epi8(vector, _mm_setzero_si128())) == 0xffff;
}

/// What both ends of a range hold, as Word; together they are all of it when it is no longer than
/// two.
template <class Word>
HAK_INLINE bool ends_hold_fill(const std::byte* begin, std::size_t bytes) noexcept {
  Word first, last;
  std::memcpy(&first, begin, sizeof first);
  std::memcpy(&last, begin + bytes - sizeof last, sizeof last);
  constexpr Word kFreed = static_cast<Word>(kFreedWord);
  return ((first ^ kFreed) | (last ^ kFreed)) == 0;
}

/// Fills both ends of a range with one Word each.
template <class Word>
HAK_INLINE void fill_ends(std::byte* begin, std::size_t bytes) noexcept {
  constexpr Word kFreed = static_cast<Word>(kFreedWord);
  std::memcpy(begin, &kFreed, sizeof kFreed);
  std::memcpy(begin + bytes - sizeof kFreed, &kFreed, sizeof kFreed);
}

HAK_INLINE void fill_short(std::byte* begin, std::size_t bytes) noexcept {
  if (bytes >= sizeof(std::uint64_t)) return fill_ends<std::uint64_t>(begin, bytes);
  if (bytes >= sizeof(std::uint32_t)) return fill_ends<std::uint32_t>(begin, bytes);
  for (std::size_t i = 0; i < bytes; ++i) begin[i] = std::byte{kFreedByte};
}

inline bool short_holds_fill(const std::byte* begin, std::size_t bytes) noexcept {
  if (bytes >= sizeof(std::uint64_t)) return ends_hold_fill<std::uint64_t>(begin, bytes);
  if (bytes >= sizeof(std::uint32_t)) return ends_hold_fill<std::uint32_t>(begin, bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (begin[i] != std::byte{kFreedByte}) return false;
  }
  return true;
}

}  // namespace poison_detail

/// Fills a range; a short one without a call. (No loop: g++ would make it one long instruction that
/// takes longer to start than to do.)
HAK_INLINE void fill_freed(std::byte* begin, std::size_t bytes) noexcept {
  using namespace poison_detail;
  constexpr std::size_t kStep = sizeof(Vector);
  if (bytes < kStep) return fill_short(begin, bytes);
  if (bytes > 4 * kStep) {
    std::memset(begin, kFreedByte, bytes);
    return;
  }
  std::byte* const end = begin + bytes;
  store_fill(begin);
  store_fill(end - kStep);
  if (bytes <= 2 * kStep) return;
  store_fill(begin + kStep);
  store_fill(end - 2 * kStep);
}

/// True when every byte of the range is kFreedByte.
HAK_INLINE bool holds_fill(const std::byte* begin, std::size_t bytes) noexcept {
  using namespace poison_detail;
  constexpr std::size_t kStep = sizeof(Vector);
  constexpr std::size_t kVectors = 4;  // compared at once, without a branch between
  if (bytes < kStep) return short_holds_fill(begin, bytes);
  Vector differs = differences(begin + bytes - kStep);  // over the last whole one
  std::size_t i = 0;
  for (; i + kVectors * kStep <= bytes; i += kVectors * kStep) {
    const Vector first = _mm_or_si128(differences(begin + i), differences(begin + i + kStep));
    const Vector last =
        _mm_or_si128(differences(begin + i + 2 * kStep), differences(begin + i + 3 * kStep));
    differs = _mm_or_si128(differs, _mm_or_si128(first, last));
  }
  for (; i + kStep < bytes; i += kStep) differs = _mm_or_si128(differs, differences(begin + i));
  return is_zero(differs);
}

/// The first byte that is not kFreedByte; begin + bytes when all are.
inline const std::byte* find_fill_damage(const std::byte* begin, std::size_t bytes) noexcept {
  if (holds_fill(begin, bytes)) return begin + bytes;
  std::size_t i = 0;
  while (i < bytes && begin[i] == std::byte{kFreedByte}) ++i;
  return begin + i;
}

}  // namespace hakmem
