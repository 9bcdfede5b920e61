#include "base/block_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace hakmem {
namespace {

/// Memory of one slab and a page more, so that a write past a block is seen.
class BlockLayout : public testing::Test {
 protected:
  SlabBase base_at(std::size_t offset) { return SlabBase::unsafe_from(memory_.data() + offset); }
  std::vector<std::byte> memory_ = std::vector<std::byte>(kGranuleBytes + kPageBytes);
};

template <class Visit>
void for_each_class(Visit visit) {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    SCOPED_TRACE(testing::Message() << "class " << c);
    visit(static_cast<ClassIndex>(c));
  }
}

TEST_F(BlockLayout, ToBaseUndoesToUserForEveryClass) {
  for_each_class([&](ClassIndex c) {
    const SlabBase base = base_at(first_base_offset(c));
    EXPECT_TRUE(to_base(to_user(base)) == base);
    EXPECT_EQ(to_user(base).address() - base.address(), kFrontBytes);
  });
}

TEST_F(BlockLayout, EveryUserPointerHasTheAlignmentThatDividesTheStride) {
  for_each_class([](ClassIndex c) {
    const std::size_t align = lowest_power_of_two(stride_of(c));
    const std::size_t first_user = first_base_offset(c) + kFrontBytes;
    EXPECT_EQ(first_user % (align < kPageBytes ? align : kPageBytes), 0u);
    EXPECT_EQ(first_user % kMinAlignBytes, 0u);
  });
}

TEST_F(BlockLayout, TheLastBlockEndsInsideTheSpanAndOneMoreWouldNot) {
  for_each_class([](ClassIndex c) {
    const std::size_t span = span_slabs_of(c) * kGranuleBytes;
    const std::size_t capacity = capacity_of(c);
    const std::size_t end = first_base_offset(c) + capacity * stride_of(c);
    EXPECT_GE(capacity, 1u);
    EXPECT_LE(capacity, kGeometry.blocks_per_slab_max);
    EXPECT_LE(end, span);
    const bool capped = capacity == kGeometry.blocks_per_slab_max;
    EXPECT_TRUE(capped || end + stride_of(c) > span);
  });
}

TEST_F(BlockLayout, UsableAndOverheadMakeTheStride) {
  for_each_class([](ClassIndex c) {
    if (stride_of(c) <= kOverheadBytes) return;  // the smallest classes of the checked levels
    EXPECT_EQ(usable_bytes(c) + kFrontBytes + kTailBytes, stride_of(c));
  });
}

TEST_F(BlockLayout, ALinkFitsTheSmallestBlockAndMissesTheHeaderByte) {
  EXPECT_LE(kNextOffset + sizeof(std::uint64_t), stride_of(class_for(kOverheadBytes)));
  if (kFrontBytes == 0) return;
  const std::size_t header = kFrontBytes - 1;
  EXPECT_TRUE(header < kNextOffset || header >= kNextOffset + sizeof(std::uint64_t));
}

TEST_F(BlockLayout, AHeaderByteNamesTheLowBitsOfTheClass) {
  for_each_class([](ClassIndex c) {
    EXPECT_EQ(std::to_integer<unsigned>(header_byte_of(c)), 0xa0u | (index_of(c) & 0xf));
  });
}

TEST_F(BlockLayout, WritingAHeaderChangesTheByteBeforeTheUserAlone) {
  constexpr std::byte kUntouched{0x5b};
  for_each_class([&](ClassIndex c) {
    std::memset(memory_.data(), 0x5b, 2 * kPageBytes);
    const SlabBase base = base_at(kPageBytes - kFrontBytes);
    write_header(base, c);
    const std::byte expected = kHeaderLayout ? header_byte_of(c) : kUntouched;
    EXPECT_EQ(read_header(base), expected);
    EXPECT_EQ(memory_[kPageBytes - 1], expected);
    EXPECT_EQ(memory_[kPageBytes - 2], kUntouched);
    EXPECT_EQ(memory_[kPageBytes], kUntouched);
  });
}

TEST_F(BlockLayout, TheLayoutFollowsFromLevelAndBuildOption) {
  // Below level 2 the header byte is a build option; from there on it is always present.
  EXPECT_GE(kHeaderLayout, kIntegrityLevel >= 2);
  EXPECT_EQ(kRecordLayout, kIntegrityLevel >= 3);
  EXPECT_EQ(kTailBytes, kIntegrityLevel >= 3 ? 8u : 0u);
  EXPECT_EQ(kFrontBytes, kRecordLayout ? 16u : kHeaderLayout ? 1u : 0u);
}

}  // namespace
}  // namespace hakmem
