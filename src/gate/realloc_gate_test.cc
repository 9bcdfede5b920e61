#include "gate/realloc_gate.h"

#include <gtest/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {

constexpr std::uint64_t kStamp = 31;

class ReallocGate : public DomainTest {
 protected:
  void* stamped(std::size_t bytes) {
    void* const block = allocate(bytes);
    write_stamp(block, bytes, kStamp);
    return block;
  }
};

TEST_F(ReallocGate, ContentsArePreservedFromEverySizeToEverySize) {
  const std::size_t sizes[] = {1,     16,    17,     100,    1000,        1024,
                               1025,  4000,  30000,  65000,  65536,       70000,
                               131072, 400000, kRunBytesMax, kRunBytesMax + kMiB,
                                kRunBytesMax + 3 * kMiB};
  for (const std::size_t from : sizes) {
    for (const std::size_t to : sizes) {
      void* const block = stamped(from);
      void* const neighbour = stamped(from);
      void* const moved = reallocate(block, to);
      ASSERT_NE(moved, nullptr) << from << " to " << to;
      EXPECT_TRUE(stamp_is_whole(moved, from, std::min(from, to), kStamp)) << from << " to " << to;
      EXPECT_GE(usable(moved), to);
      EXPECT_EQ(reinterpret_cast<Address>(moved) % kMinAlignBytes, 0u);
      EXPECT_TRUE(stamp_is_whole(neighbour, from, from, kStamp));
      write_stamp(moved, usable(moved), kStamp);  // every byte of it is ours
      EXPECT_TRUE(stamp_is_whole(neighbour, from, from, kStamp));
      release(moved);
      release(neighbour);
    }
  }
}

TEST_F(ReallocGate, ASmallChangeStaysWhereItIs) {
  void* const block = stamped(1000);
  EXPECT_EQ(reallocate(block, 990), block);
  EXPECT_EQ(reallocate(block, 1000), block);
  EXPECT_TRUE(stamp_is_whole(block, 1000, 990, kStamp));
  release(block);
}

TEST_F(ReallocGate, AMuchSmallerRequestGivesTheRoomBack) {
  void* const block = stamped(30000);
  void* const moved = reallocate(block, 100);
  EXPECT_NE(moved, block);
  EXPECT_TRUE(stamp_is_whole(moved, 30000, 100, kStamp));
  EXPECT_LT(locate(*domain_, wild(moved)).slab->stride_bytes, 300u);
  release(moved);
}

TEST_F(ReallocGate, GrowingStepByStepKeepsEverything) {
  void* block = stamped(10);
  std::size_t bytes = 10;
  while (bytes < 2 * kRunBytesMax) {
    const std::size_t next = bytes + bytes / 2 + 1;
    block = reallocate(block, next);
    ASSERT_NE(block, nullptr);
    ASSERT_TRUE(stamp_is_whole(block, bytes, bytes, kStamp)) << bytes;
    write_stamp(block, next, kStamp);
    bytes = next;
  }
  release(block);
}

TEST_F(ReallocGate, ImpossibleSizesLeaveTheBlockIntact) {
  for (const std::size_t bytes : {100ul, 5000ul, 200000ul, kRunBytesMax + kMiB}) {
    void* const block = stamped(bytes);
    for (const std::size_t wanted :
         {SIZE_MAX, kRequestMax + 1, kRequestMax, std::size_t{1} << 50}) {
      EXPECT_EQ(reallocate(block, wanted), nullptr) << wanted;
      EXPECT_TRUE(stamp_is_whole(block, bytes, bytes, kStamp));
    }
    release(block);
  }
}

TEST_F(ReallocGate, WithoutMemoryTheBlockIsIntact) {
  for (const std::size_t bytes : {100ul, 5000ul, 200000ul, kRunBytesMax + kMiB}) {
    void* const block = stamped(bytes);
    os::plan_faults_for_test({.fail_from = 1});
    EXPECT_EQ(reallocate(block, 8 * kRunBytesMax), nullptr);
    os::plan_faults_for_test({});
    EXPECT_TRUE(stamp_is_whole(block, bytes, bytes, kStamp));
    expect_sound(*domain_);
    release(block);
  }
}

TEST_F(ReallocGate, AnotherThreadsBlockIsMovedToo) {
  ThreadState other(*domain_);
  for (const std::size_t bytes : {100ul, 5000ul, 200000ul}) {
    void* const block = stamped(bytes);
    void* const moved = front::reallocate(*domain_, other, wild(block), 4 * bytes);
    ASSERT_NE(moved, nullptr);
    EXPECT_TRUE(stamp_is_whole(moved, bytes, bytes, kStamp));
    release(other, moved);
  }
  detach_thread(*domain_, other);
}

TEST_F(ReallocGate, WhatIsNoLiveBlockIsRefused) {
  std::byte* const block = static_cast<std::byte*>(allocate(100));
  int on_stack = 0;
  for (void* pointer : {static_cast<void*>(&on_stack), static_cast<void*>(block + 16),
                        reinterpret_cast<void*>(0x1000)}) {
    if constexpr (kIntegrityLevel >= 1) {
      expect_finding(Violation::kBadRealloc, kIntegrityLevel, [&] { reallocate(pointer, 200); });
    } else {
      EXPECT_EQ(reallocate(pointer, 200), nullptr);
    }
  }
  release(block);
}

}  // namespace
}  // namespace hakmem
