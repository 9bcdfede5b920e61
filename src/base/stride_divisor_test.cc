#include "base/stride_divisor.h"

#include <gtest/gtest.h>

#include "base/size_class.h"

namespace hakmem {
namespace {

TEST(StrideDivisor, EveryOffsetOfEverySpanIsAnsweredAsDivisionAnswers) {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    const std::size_t stride = stride_of(static_cast<ClassIndex>(c));
    const StrideDivisor divisor = StrideDivisor::of(stride);
    const std::size_t span = span_slabs_of(static_cast<ClassIndex>(c)) * kGranuleBytes;
    for (Address offset = 0; offset <= span; ++offset) {
      ASSERT_EQ(divisor.divides(offset), offset % stride == 0) << offset << " by " << stride;
      ASSERT_EQ(divisor.quotient(offset), offset / stride) << offset << " by " << stride;
    }
  }
}

TEST(StrideDivisor, TheLimitsOfItsRangeAreExact) {
  for (std::size_t stride = 16; stride <= StrideDivisor::kStrideMax; stride += 16) {
    const StrideDivisor divisor = StrideDivisor::of(stride);
    const Address last = (StrideDivisor::kOffsetMax - 1) / stride * stride;
    for (const Address offset : {stride - 1, stride, stride + 1, last - 1, last, last + 1,
                                 StrideDivisor::kOffsetMax - 1}) {
      ASSERT_EQ(divisor.divides(offset), offset % stride == 0) << offset << " by " << stride;
      ASSERT_EQ(divisor.quotient(offset), offset / stride) << offset << " by " << stride;
    }
  }
}

}  // namespace
}  // namespace hakmem
