#include "base/size_class.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

ClassIndex class_at(std::size_t index) { return static_cast<ClassIndex>(index); }

TEST(SizeClass, EveryBlockSizeGetsTheSmallestClassThatHoldsIt) {
  for (std::size_t bytes = 0; bytes <= kSlabBlockMax; ++bytes) {
    const std::size_t c = index_of(class_for(bytes));
    ASSERT_GE(c, 1u) << bytes;
    ASSERT_LT(c, kClassCount) << bytes;
    ASSERT_GE(stride_of(class_at(c)), bytes);
    ASSERT_TRUE(c == 1 || stride_of(class_at(c - 1)) < bytes) << bytes << " class " << c;
  }
}

TEST(SizeClass, ALargerBlockNeverGetsASmallerClass) {
  for (std::size_t bytes = 1; bytes <= kSlabBlockMax; ++bytes) {
    ASSERT_LE(index_of(class_for(bytes - 1)), index_of(class_for(bytes))) << bytes;
  }
}

TEST(SizeClass, EveryStrideIsTheSizeOfItsOwnClass) {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    EXPECT_EQ(index_of(class_for(stride_of(class_at(c)))), c);
    EXPECT_EQ(stride_of(class_at(c)) % kMinAlignBytes, 0u);
  }
  EXPECT_EQ(stride_of(class_at(kClassCount - 1)), kSlabBlockMax);
}

TEST(SizeClass, TheTiersMeetWithoutAGap) {
  EXPECT_EQ(index_of(tiny_class_for(kTinyBlockMax)) + 1, kTinyClassCount);
  EXPECT_EQ(index_of(pool_class_for(kTinyBlockMax + 1)), kTinyClassCount);
  EXPECT_EQ(index_of(pool_class_for(kPoolBlockMax)), kClassCount - 1);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    EXPECT_EQ(is_tiny(class_at(c)), c == 0 || stride_of(class_at(c)) <= kTinyBlockMax) << c;
  }
}

TEST(SizeClass, NothingIsWastedBeyondOneStepOfTheDoubling) {
  for (std::size_t bytes = kTinyBlockMax + 1; bytes <= kPoolBlockMax; ++bytes) {
    const std::size_t stride = stride_of(pool_class_for(bytes));
    ASSERT_LE((stride - bytes) * kPoolStepsPerDoubling, bytes) << bytes;
  }
}

TEST(SizeClass, SpansHoldTheClassesThatOneSlabWouldWaste) {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    const bool single = stride_of(class_at(c)) <= kSingleSlabBlockMax;
    EXPECT_EQ(span_slabs_of(class_at(c)), single ? 1 : kGeometry.pool_span_slabs) << c;
  }
}

}  // namespace
}  // namespace hakmem
