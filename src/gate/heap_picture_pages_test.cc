// The parts of the heap picture that level 4 alone has: blocks on pages of their own, memory over
// time.
#include <gtest/gtest.h>

#include "gate/heap_picture_for_test.h"
#include "gate/page_mode_for_test.h"

namespace hakmem {
namespace {

TEST_F(HeapPictureOf, BlocksOnPagesOfTheirOwnAreCountedWhileTheirTableCanBeRead) {
  void* const slab_block = allocate(kDrawn);
  enable_page_mode(*domain_, PageSide::After);
  void* const live = allocate(5000);
  release(allocate(70000));
  EXPECT_TRUE(draw(slab_block).sizes.known);
  EXPECT_EQ(live_up_to(5000), 1u);
  EXPECT_EQ(live_up_to(70000), 0u);
  PageBlock& first = *domain_->pages.find(reinterpret_cast<Address>(live));
  const std::uint32_t pages = first.pages;
  first.pages = 0;
  EXPECT_FALSE(draw(slab_block).sizes.known) << "a block of no pages";
  first.pages = pages;
  release(live);
}

TEST_F(HeapPictureOf, ATimelineThatIsBeingWrittenIsLeftOut) {
  void* const block = allocate(kDrawn);
  EXPECT_EQ(draw(block).timeline.count, 2u) << "one operation, and now";
  {
    LockScope registry(domain_->slabs.registry.lock_for_fork());
    EXPECT_EQ(draw(block).timeline.count, 1u) << "now cannot be measured";
  }
  {
    LockScope timeline(domain_->checks.timeline.lock());
    EXPECT_EQ(draw(block).timeline.count, 0u);
  }
  release(block);
}

}  // namespace
}  // namespace hakmem
