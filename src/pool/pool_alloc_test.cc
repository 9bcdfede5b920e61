#include "pool/pool_alloc.h"

#include <gtest/gtest.h>

#include "tiny/tiny_alloc.h"

namespace hakmem {
namespace {

TEST(PoolAlloc, EveryRequestFitsItsClassAndNoSmallerOne) {
  for (std::size_t request = tiny::kRequestMax + 1; request <= pool::kRequestMax; ++request) {
    const std::size_t c = index_of(pool::class_of(request));
    ASSERT_TRUE(c >= kTinyClassCount && c < kClassCount) << request;
    ASSERT_GE(usable_bytes(static_cast<ClassIndex>(c)), request);
    ASSERT_LT(stride_of(static_cast<ClassIndex>(c - 1)), request + kOverheadBytes);
  }
}

TEST(PoolAlloc, ItsLargestRequestFillsTheLargestBlock) {
  EXPECT_EQ(index_of(pool::class_of(pool::kRequestMax)), kClassCount - 1);
  EXPECT_EQ(usable_bytes(pool::class_of(pool::kRequestMax)), pool::kRequestMax);
}

TEST(PoolAlloc, AnUnusedBinIsTheSentinel) {
  Slab sentinel;
  Heap heap{sentinel};
  for (std::size_t request = tiny::kRequestMax + 1; request <= pool::kRequestMax; request += 997) {
    EXPECT_EQ(&pool::active_slab(heap, pool::class_of(request)), &sentinel);
    EXPECT_FALSE(pool::active_slab(heap, pool::class_of(request)).try_pop());
  }
  EXPECT_EQ(&tiny::active_slab(heap, tiny::class_of(0)), &sentinel);
}

}  // namespace
}  // namespace hakmem
