// An address is laid to the nearest block, also when its neighbours or the block itself are freed.
#include "page_mode/guard_hit.h"

#include <gtest/gtest.h>

#include "os/os_fake.h"

namespace hakmem {
namespace {

class GuardHitTest : public testing::Test {
 protected:
  void enable(PageSide side) {
    ASSERT_TRUE(tier_.enable(
        {.side = side, .least_align = 1, .space_bytes = 16 * kMiB, .blocks_max = 1000}));
  }
  PageBlock* allocate(std::size_t request) {
    PageBlock* const block = tier_.allocate(request, 0);
    block->record.request_bytes = request;
    block->record.publish(BlockState::Live);
    return block;
  }
  GuardHit hit(const PageBlock* block, std::ptrdiff_t offset) {
    return find_guard_hit(tier_.extents(), reinterpret_cast<Address>(block->user + offset));
  }
  static void expect(const GuardHit& hit, const PageBlock* block, HitPlace place,
                     std::size_t bytes) {
    EXPECT_EQ(hit.block, block);
    EXPECT_EQ(hit.place, place);
    EXPECT_EQ(hit.bytes, bytes);
  }

  os::MappingLedger ledger_;
  MetaArena meta_;
  PageTier tier_{meta_};
};

TEST_F(GuardHitTest, BytesPastTheEndCountFromOne) {
  enable(PageSide::After);
  const PageBlock* const first = allocate(13);
  const PageBlock* const second = allocate(5000);
  expect(hit(first, 13), first, HitPlace::Past, 1);
  expect(hit(first, 13 + 99), first, HitPlace::Past, 100);
  expect(hit(second, 5000), second, HitPlace::Past, 1);
}

TEST_F(GuardHitTest, TheByteBeforeAFullPageBelongsToThatBlockNotToTheOneBefore) {
  enable(PageSide::After);
  const PageBlock* const first = allocate(100);
  const PageBlock* const second = allocate(4096);
  expect(hit(second, -1), second, HitPlace::Before, 1);
  expect(hit(first, 100), first, HitPlace::Past, 1);
}

TEST_F(GuardHitTest, TheGuardBeforeABlockIsItsOwn) {
  enable(PageSide::Before);
  allocate(13);
  const PageBlock* const second = allocate(13);
  expect(hit(second, -1), second, HitPlace::Before, 1);
  expect(hit(second, -50), second, HitPlace::Before, 50);
}

TEST_F(GuardHitTest, AFreedBlockIsHitInside) {
  enable(PageSide::After);
  PageBlock* const block = allocate(48);
  allocate(48);
  tier_.release(*block);
  expect(hit(block, 8), block, HitPlace::Inside, 8);
  expect(hit(block, 48), block, HitPlace::Past, 1);
  expect(hit(block, -1), block, HitPlace::Before, 1);
}

TEST_F(GuardHitTest, ARequestOfNothingIsHitAtItsFirstByte) {
  for (const PageSide side : {PageSide::After, PageSide::Before}) {
    MetaArena meta;
    PageTier tier(meta);
    ASSERT_TRUE(tier.enable({.side = side, .space_bytes = 16 * kMiB, .blocks_max = 10}));
    PageBlock* const block = tier.allocate(0, 0);
    block->record.publish(BlockState::Live);
    const Address user = reinterpret_cast<Address>(block->user);
    expect(find_guard_hit(tier.extents(), user), block, HitPlace::Past, 1);
    expect(find_guard_hit(tier.extents(), user - 1), block, HitPlace::Before, 1);
  }
}

TEST_F(GuardHitTest, FarBehindTheLastBlockIsStillItsOwnAndFurtherIsNobodys) {
  enable(PageSide::After);
  const PageBlock* const block = allocate(100);
  expect(hit(block, 3 * 4096), block, HitPlace::Past, 3 * 4096 - 99);
  EXPECT_EQ(hit(block, 4 * kMiB).block, nullptr);
  EXPECT_EQ(find_guard_hit(tier_.extents(), 0).block, nullptr);
}

}  // namespace
}  // namespace hakmem
