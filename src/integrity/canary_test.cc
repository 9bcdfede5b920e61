// The canary's bytes: written, found whole, and each damaged byte found, without a look at a page
// that holds none of them. And the fill: all of a range, and nothing beside it.
#include "integrity/canary.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>

#include "base/units.h"
#include "integrity/poison.h"

namespace hakmem {
namespace {

constexpr CanaryPattern kPattern{0x1122334455667789};
constexpr std::size_t kLongest = 40;

/// One open page between two closed ones.
class CanaryTest : public testing::Test {
 protected:
  CanaryTest()
      : mapping_(static_cast<std::byte*>(mmap(nullptr, 3 * kPageBytes, PROT_NONE,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_EQ(mprotect(page(), kPageBytes, PROT_READ | PROT_WRITE), 0);
  }
  ~CanaryTest() override { munmap(mapping_, 3 * kPageBytes); }

  std::byte* page() const { return mapping_ + kPageBytes; }
  std::byte* page_end() const { return page() + kPageBytes; }

  /// Every range of up to kLongest bytes that touches the first or the last bytes of the page.
  template <typename Judge>
  void for_each_range(Judge judge) {
    for (std::size_t bytes = 1; bytes <= kLongest; ++bytes) {
      for (std::size_t from_edge = 0; from_edge <= 2 * sizeof(kPattern.word); ++from_edge) {
        SCOPED_TRACE(testing::Message() << bytes << " bytes, " << from_edge << " from the edge");
        judge(page() + from_edge, page() + from_edge + bytes);
        judge(page_end() - from_edge - bytes, page_end() - from_edge);
      }
    }
  }

 private:
  std::byte* mapping_;
};

TEST_F(CanaryTest, NoByteIsWhatProgramsWriteByOneTooMany) {
  for (std::uint64_t i = 0; i < 4096; ++i) {
    const CanaryPattern pattern = CanaryPattern::make(i * 0x2545f4914f6cdd1du, i * 48);
    for (std::size_t at = 0; at < sizeof pattern.word; ++at) {
      const unsigned byte = static_cast<unsigned>(pattern.byte_at(at));
      ASSERT_GT(byte, 0x7fu) << "zero, text or a small number";
      ASSERT_NE(byte, 0xffu);
      ASSERT_NE(byte, 0xa2u) << "the fill of freed blocks";
    }
  }
}

TEST_F(CanaryTest, IsWholeWhereverItLiesOnItsPage) {
  for_each_range([](std::byte* begin, std::byte* end) {
    write_canary(begin, end, kPattern);
    EXPECT_TRUE(holds_canary(begin, end, kPattern));
    EXPECT_EQ(find_canary_damage(begin, end, kPattern), end);
  });
}

TEST_F(CanaryTest, EachDamagedByteIsFound) {
  for_each_range([](std::byte* begin, std::byte* end) {
    for (std::byte* at = begin; at != end; ++at) {
      write_canary(begin, end, kPattern);
      *at ^= std::byte{1};
      ASSERT_FALSE(holds_canary(begin, end, kPattern));
      ASSERT_EQ(find_canary_damage(begin, end, kPattern), at);
    }
  });
}

TEST_F(CanaryTest, WhatLiesBesideTheRangeDoesNotMatter) {
  for_each_range([this](std::byte* begin, std::byte* end) {
    std::fill(page(), page_end(), std::byte{0xff});
    write_canary(begin, end, kPattern);
    ASSERT_TRUE(holds_canary(begin, end, kPattern));
    ASSERT_TRUE(begin == page() || begin[-1] == std::byte{0xff}) << "written before the range";
    ASSERT_TRUE(end == page_end() || *end == std::byte{0xff}) << "written behind the range";
  });
}

TEST(FillTest, CoversTheRangeAndNothingBesideIt) {
  constexpr std::size_t kRangeMax = 600, kBeside = 64;
  constexpr std::byte kOther{0x5b};
  std::byte bytes[kRangeMax + 2 * kBeside];
  for (std::size_t size = 0; size <= kRangeMax; ++size) {
    std::fill(std::begin(bytes), std::end(bytes), kOther);
    std::byte* const begin = bytes + kBeside;
    fill_freed(begin, size);
    ASSERT_TRUE(holds_fill(begin, size)) << size;
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(begin[i], std::byte{kFreedByte}) << size;
    ASSERT_EQ(std::count(bytes, begin, kOther), std::ptrdiff_t{kBeside}) << size;
    ASSERT_EQ(std::count(begin + size, std::end(bytes), kOther),
              std::end(bytes) - (begin + size)) << size;
  }
}

TEST(CanaryPatternTest, HasNoZeroByteAndDependsOnSecretAndAddress) {
  for (Address user = 0x1000; user < 0x2000; user += 16) {
    const CanaryPattern pattern = CanaryPattern::make(42, user);
    for (std::size_t i = 0; i < sizeof pattern.word; ++i) {
      ASSERT_NE(pattern.byte_at(i), std::byte{0});
    }
    ASSERT_NE(pattern.word, CanaryPattern::make(42, user + 16).word);
    ASSERT_NE(pattern.word, CanaryPattern::make(43, user).word);
  }
}

}  // namespace
}  // namespace hakmem
