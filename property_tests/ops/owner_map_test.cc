// Who owns a byte, against a plain list of intervals: inside of pages, over whole ones, at ends.
#include "property_tests/ops/owner_map.h"

#include <gtest/gtest.h>

namespace hakmem::ops {
namespace {

TEST(OwnerMap, AClaimOnATakenByteNamesItsOwner) {
  const auto owner_met = [](std::uintptr_t begin, std::size_t bytes) {
    OwnerMap map;  // after a claim that failed it is of no more use
    EXPECT_EQ(map.claim(0x10100, 0x600, 7), 0u);    // inside of a page
    EXPECT_EQ(map.claim(0x11800, 0x1900, 8), 0u);   // half a page, a whole one, some cells
    EXPECT_FALSE(OwnerMap().release(begin, bytes, 7));
    return map.claim(begin, bytes, 9);
  };
  EXPECT_EQ(owner_met(0x10000, 0x100), 0u);
  EXPECT_EQ(owner_met(0x10000, 0x108), 7u);
  EXPECT_EQ(owner_met(0x10400, 8), 7u);
  EXPECT_EQ(owner_met(0x106f8, 0x10), 7u);
  EXPECT_EQ(owner_met(0x10700, 0x1100), 0u);
  EXPECT_EQ(owner_met(0x11ff8, 8), 8u);
  EXPECT_EQ(owner_met(0x12800, 8), 8u);
  EXPECT_EQ(owner_met(0x12000, 0x1000), 8u);
  EXPECT_EQ(owner_met(0x130f8, 8), 8u);
  EXPECT_EQ(owner_met(0x13100, 8), 0u);
}

TEST(OwnerMap, OnlyTheOwnerTakesAClaimBack) {
  OwnerMap map;
  ASSERT_EQ(map.claim(0x10100, 0x600, 7), 0u);
  EXPECT_FALSE(map.release(0x10100, 0x600, 8));
  EXPECT_FALSE(map.release(0x10100, 0x500, 7)) << "less than was claimed";
  EXPECT_FALSE(map.release(0x10140, 0x5c0, 7)) << "not from its begin";
  EXPECT_TRUE(map.release(0x10100, 0x600, 7));
  EXPECT_FALSE(map.release(0x10100, 0x600, 7)) << "twice";
  EXPECT_EQ(map.owner_at(0x10100), 0u);
}

TEST(OwnerMap, RandomIntervalsAgreeWithAListOfThem) {
  OwnerMap map;
  struct Interval {
    std::uintptr_t begin = 0, bytes = 0;
  } intervals[40];
  std::uint64_t random = 1;
  const auto next = [&] { return (random = random * 6364136223846793005u + 1) >> 33; };
  for (unsigned round = 0; round < 20000; ++round) {
    const unsigned i = static_cast<unsigned>(next() % 40);
    Interval& mine = intervals[i];
    const std::uintptr_t asked = 0x10000 + next() % 65536;
    Owner holder = 0;
    for (Owner k = 0; k < 40; ++k) {
      const Interval& one = intervals[k];
      if (asked >= one.begin && asked - one.begin < one.bytes) holder = k + 1;
    }
    ASSERT_EQ(map.owner_at(asked), holder) << round;
    if (mine.bytes != 0) {
      ASSERT_TRUE(map.release(mine.begin, mine.bytes, i + 1));
      mine = {};
      continue;
    }
    const Interval wanted{0x10000 + next() % 4096 * 16, 1 + next() % (next() % 2 ? 64 : 12000)};
    bool free = true;
    for (const Interval& other : intervals) {
      free = free && (other.bytes == 0 || wanted.begin >= other.begin + other.bytes ||
                      other.begin >= wanted.begin + wanted.bytes);
    }
    // Cells are 8 bytes: ask only where the answer does not depend on that.
    if (!free) continue;
    const Owner other = map.claim(wanted.begin, (wanted.bytes + 7) & ~7ull, i + 1);
    if (other == 0) mine = {wanted.begin, (wanted.bytes + 7) & ~7ull};
    ASSERT_EQ(other, 0u) << round;
  }
}

}  // namespace
}  // namespace hakmem::ops
