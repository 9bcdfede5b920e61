// For every size and alignment: the block lies inside its open pages, keeps its alignment, and its
// end or start is as near to the closed page as that allows.
#include "page_mode/page_placement.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

constexpr std::size_t kSizeMax = 70000;
// Extents begin at any page; this one is no multiple of a large alignment.
constexpr Address kExtent = 0x7f0000003000;

struct Placed {
  Address user = 0, data = 0, data_end = 0, extent_end = 0;
};

Placed place(PageSide side, std::size_t request, std::size_t align) {
  const PagePlacement placement = page_placement(side, request, align);
  Placed placed;
  placed.data = first_data_page(side, kExtent, align);
  placed.user = placed.data + placement.user_offset;
  placed.data_end = placed.data + placement.data_pages * kPageBytes;
  placed.extent_end = kExtent + placement.pages * kPageBytes;
  return placed;
}

void expect_inside(const Placed& placed, std::size_t request, std::size_t align) {
  ASSERT_EQ(placed.user % align, 0u);
  ASSERT_GE(placed.data, kExtent);
  ASSERT_LE(placed.data_end, placed.extent_end);
  if (request == 0) {
    ASSERT_EQ(placed.data, placed.data_end) << "nothing is open";
    ASSERT_LT(placed.user, placed.extent_end);
    return;
  }
  ASSERT_GE(placed.user, placed.data);
  ASSERT_LE(placed.user + request, placed.data_end);
}

TEST(PagePlacement, AfterEndsAtTheGuardAsNearlyAsTheAlignmentAllowsForEverySize) {
  for (const std::size_t least : {1u, 2u, 16u}) {
    for (std::size_t request = 0; request <= kSizeMax; ++request) {
      SCOPED_TRACE(request);
      const std::size_t align = page_block_align(request, 0, least);
      const Placed placed = place(PageSide::After, request, align);
      expect_inside(placed, request, align);
      ASSERT_LT(placed.data_end - (placed.user + request), align);
      ASSERT_GE(placed.extent_end, placed.data_end + kPageBytes) << "the guard is missing";
      if (least == 1) {
        ASSERT_EQ(placed.user + request, placed.data_end) << "not byte-exact";
      }
    }
  }
}

TEST(PagePlacement, BeforeStartsRightBehindTheGuardForEverySize) {
  for (std::size_t request = 0; request <= kSizeMax; ++request) {
    SCOPED_TRACE(request);
    const Placed placed = place(PageSide::Before, request, page_block_align(request, 0, 1));
    expect_inside(placed, request, kPageBytes);
    ASSERT_EQ(placed.user, placed.data);
    ASSERT_GE(placed.data, kExtent + kPageBytes) << "the guard is missing";
  }
}

TEST(PagePlacement, AnAlignmentThatWasAskedForComesFirst) {
  for (std::size_t align = 16; align <= 2 * kMiB; align *= 2) {
    for (const std::size_t request : {0u, 1u, 13u, 16u, 100u, 4095u, 4096u, 4097u, 70000u}) {
      SCOPED_TRACE(testing::Message() << align << " " << request);
      const std::size_t kept = page_block_align(request, align, 1);
      ASSERT_EQ(kept, align);
      const Placed after = place(PageSide::After, request, kept);
      expect_inside(after, request, align);
      const std::size_t slack_max = align < kPageBytes ? align : kPageBytes;
      if (request != 0) {
        EXPECT_LT(after.data_end - (after.user + request), slack_max);
      }
      EXPECT_GE(after.extent_end, after.data_end + (request == 0 ? 0 : kPageBytes));
      const Placed before = place(PageSide::Before, request, kept);
      expect_inside(before, request, align);
      EXPECT_EQ(before.user, before.data);
      EXPECT_GE(before.data, kExtent + kPageBytes);
    }
  }
}

TEST(PagePlacement, TheAlignmentIsTheLargestPowerThatDividesTheSizeUpToSixteen) {
  EXPECT_EQ(page_block_align(13, 0, 1), 1u);
  EXPECT_EQ(page_block_align(14, 0, 1), 2u);
  EXPECT_EQ(page_block_align(24, 0, 1), 8u);
  EXPECT_EQ(page_block_align(64, 0, 1), 16u);
  EXPECT_EQ(page_block_align(0, 0, 1), 1u);
  EXPECT_EQ(page_block_align(13, 0, 16), 16u);
  EXPECT_EQ(page_block_align(13, 64, 16), 64u);
}

TEST(PagePlacement, AutomaticIsExactButForObjectsWithATail) {
  EXPECT_EQ(page_block_align(13, 0, kAutomaticAlign), 1u);
  EXPECT_EQ(page_block_align(31, 0, kAutomaticAlign), 1u);
  EXPECT_EQ(page_block_align(33, 0, kAutomaticAlign), 2u);
  EXPECT_EQ(page_block_align(4097, 0, kAutomaticAlign), 2u);
  EXPECT_EQ(page_block_align(70001, 0, kAutomaticAlign), 1u);
  EXPECT_EQ(page_block_align(4096, 0, kAutomaticAlign), 16u);
  EXPECT_EQ(page_block_align(33, 64, kAutomaticAlign), 64u);
}

TEST(PagePlacement, SidesHaveTheNamesOfTheOption) {
  PageSide side = PageSide::Off;
  EXPECT_TRUE(parse_page_side("after", side));
  EXPECT_EQ(side, PageSide::After);
  EXPECT_TRUE(parse_page_side("before", side));
  EXPECT_EQ(side, PageSide::Before);
  EXPECT_TRUE(parse_page_side("off", side));
  EXPECT_EQ(side, PageSide::Off);
  for (const char* wrong : {"", "afte", "afterwards", "both", "1"}) {
    EXPECT_FALSE(parse_page_side(wrong, side)) << wrong;
  }
}

}  // namespace
}  // namespace hakmem
