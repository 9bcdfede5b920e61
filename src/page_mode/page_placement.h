// Where a block of page mode lies on its pages: arithmetic alone. Called by the page tier.
//
//   after    ┃ canary … user: request ┃ tail ┃ guard ┃      tail: request up to its alignment
//   before   ┃ guard ┃ user: request ┃ canary …      ┃      user at the page's first byte
//   request of 0 bytes: every page is closed, user at the first byte of the last one
//
// Invariant: the guard touches the block's end (after) or start (before) as nearly as the alignment
// allows; pages next to the extent, which belong to its neighbours, are closed on the side where
// this block has none.
#pragma once

#include "base/build_config.h"
#include "base/units.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// On which side of a block its guard page lies; Off: blocks have no pages of their own.
enum class PageSide : std::uint8_t { Off, After, Before };

constexpr const char* name_of(PageSide side) noexcept {
  switch (side) {
    case PageSide::Off: return "off";
    case PageSide::After: return "after";
    case PageSide::Before: return "before";
  }
  return "";
}

/// The side that an option's value names; false when it names none.
constexpr bool parse_page_side(const char* text, PageSide& out) noexcept {
  constexpr PageSide kSides[] = {PageSide::Off, PageSide::After, PageSide::Before};
  for (const PageSide side : kSides) {
    const char* name = name_of(side);
    std::size_t i = 0;
    while (name[i] != '\0' && name[i] == text[i]) ++i;
    if (name[i] != text[i]) continue;
    out = side;
    return true;
  }
  return false;
}

/// Objects with a head and a tail of any length: programs read their tails in pairs of bytes
/// (Python its code) or mark pointers to them in the lowest bit, though their size is odd. The
/// least is the smallest such head, the most what a text in one piece seldom exceeds.
inline constexpr std::size_t kTailedObjectBytesMin = 32;
inline constexpr std::size_t kTailedObjectBytesMax = 64 * kKiB;
inline constexpr std::size_t kAutomaticAlign = 0;

constexpr std::size_t automatic_align(std::size_t request) noexcept {
  return request >= kTailedObjectBytesMin && request <= kTailedObjectBytesMax ? 2 : 1;
}

/// The alignment of a block of `request` bytes when `asked` was asked for (0: nothing) and the
/// options want `least`, or kAutomaticAlign. An object's size is a multiple of its alignment, so
/// the largest power of two that divides the request is all that a single object or an array can
/// need; at most 16.
constexpr std::size_t page_block_align(std::size_t request, std::size_t asked,
                                       std::size_t least) noexcept {
  std::size_t align = request == 0 ? 1 : lowest_power_of_two(request);
  if (align > kMinAlignBytes) align = kMinAlignBytes;
  if (least == kAutomaticAlign) least = automatic_align(request);
  if (align < least) align = least;
  return align < asked ? asked : align;
}

/// What an extent must have for a block, and where in it the block is.
struct PagePlacement {
  std::size_t pages = 0;          ///< in all, with guard and room for large alignments
  std::size_t data_pages = 0;     ///< those that are opened; 0 for a request of nothing
  std::size_t user_offset = 0;    ///< from the first data page, or from the page of a request of 0
};

/// The placement for a request at `align`, a power of two. Precondition: no sum overflows, that is
/// request and align are at most a quarter of the address space.
constexpr PagePlacement page_placement(PageSide side, std::size_t request,
                                       std::size_t align) noexcept {
  const std::size_t page_align = align < kPageBytes ? align : kPageBytes;
  const std::size_t spare_pages = align > kPageBytes ? align / kPageBytes - 1 : 0;
  const std::size_t end_bytes = round_up(request, page_align);
  PagePlacement placement;
  placement.data_pages = round_up(end_bytes, kPageBytes) / kPageBytes;
  const bool before = side == PageSide::Before;
  if (placement.data_pages == 0) {
    placement.pages = before ? 2 : 1;
  } else {
    placement.pages = placement.data_pages + 1;
    placement.user_offset = before ? 0 : placement.data_pages * kPageBytes - end_bytes;
  }
  placement.pages += spare_pages;
  return placement;
}

/// Address of the first data page in an extent that begins at `extent`.
constexpr Address first_data_page(PageSide side, Address extent, std::size_t align) noexcept {
  const Address earliest = side == PageSide::Before ? extent + kPageBytes : extent;
  return round_up(earliest, align < kPageBytes ? kPageBytes : align);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
