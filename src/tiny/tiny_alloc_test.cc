#include "tiny/tiny_alloc.h"

#include <gtest/gtest.h>

#include "pool/pool_alloc.h"

namespace hakmem {
namespace {

TEST(TinyAlloc, EveryRequestFitsItsClassAndNoSmallerOne) {
  for (std::size_t request = 0; request <= tiny::kRequestMax; ++request) {
    const ClassIndex c = tiny::class_of(request);
    ASSERT_TRUE(is_tiny(c)) << request;
    ASSERT_GE(stride_of(c) - kOverheadBytes, request);
    ASSERT_LT(stride_of(c), request + kOverheadBytes + kTinyStepBytes + (request == 0 ? 1 : 0));
  }
}

TEST(TinyAlloc, ARequestOfNothingMissesItsBinOrHasRoomForOverhead) {
  const std::size_t c = index_of(tiny::class_of(0));
  EXPECT_EQ(c == 0, kOverheadBytes == 0) << "class 0 has no slab: refill serves class 1";
}

TEST(TinyAlloc, TheTiersShareEveryRequestBetweenThem) {
  EXPECT_EQ(stride_of(tiny::class_of(tiny::kRequestMax)), kTinyBlockMax);
  EXPECT_EQ(index_of(pool::class_of(tiny::kRequestMax + 1)), kTinyClassCount)
      << "the next request is the pool tier's first";
}

}  // namespace
}  // namespace hakmem
