// Extents tile the reservation, are cut and joined, and survive a system that refuses.
#include "page_mode/page_extents.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "os/os_fake.h"

namespace hakmem {
namespace {

constexpr std::size_t kSpaceBytes = 8 * kMiB;

class Extents : public testing::Test {
 protected:
  Extents() { os::plan_faults_for_test({}); }
  ~Extents() override { os::plan_faults_for_test({}); }

  /// As the tier takes one for a block.
  PageBlock* take(std::size_t pages) {
    PageBlock* const block = extents_.take(pages);
    if (block != nullptr) extents_.publish(*block);
    return block;
  }

  os::MappingLedger ledger_;
  MetaArena meta_;
  PageExtents extents_{meta_};
};

TEST_F(Extents, TakenExtentsAreDisjointAndLeadToTheirRecord) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  PageBlock* const first = take(3);
  PageBlock* const second = take(2);
  ASSERT_NE(second, nullptr);
  EXPECT_GE(first->first_page, 1u) << "page 0 is the guard before the first block";
  EXPECT_EQ(second->first_page, first->first_page + 3);
  for (std::size_t page = 0; page < 3; ++page) {
    EXPECT_EQ(extents_.at_page(first->first_page + page), first);
  }
  EXPECT_EQ(extents_.at(0), nullptr);
  EXPECT_TRUE(extents_.verify());
}

TEST_F(Extents, NothingLeadsToAnExtentBeforeItIsDescribed) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  PageBlock* const block = extents_.take(2);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(extents_.at_page(block->first_page), nullptr);
  extents_.publish(*block);
  EXPECT_EQ(extents_.at_page(block->first_page), block);
}

TEST_F(Extents, AFreeExtentIsCutAndItsNeighboursJoin) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  PageBlock* const left = take(4);
  PageBlock* const middle = take(5);
  PageBlock* const right = take(6);
  PageBlock* const last = take(1);
  extents_.give(*left);
  extents_.give(*right);
  extents_.give(*middle);
  EXPECT_TRUE(extents_.verify());
  PageBlock* const joined = take(15);
  ASSERT_NE(joined, nullptr);
  EXPECT_EQ(joined->first_page, 1u);
  EXPECT_EQ(last->first_page, 16u);
  extents_.give(*joined);
  EXPECT_EQ(take(2)->first_page, 1u);
  EXPECT_EQ(take(13)->first_page, 3u);
  EXPECT_TRUE(extents_.verify());
}

TEST_F(Extents, InsideALongFreeExtentNoEntryLeadsToABlockThatIsGone) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  PageBlock* const whole = take(100);
  extents_.give(*whole);
  PageBlock* const front = take(2);
  ASSERT_EQ(front, whole);
  EXPECT_EQ(extents_.at_page(2), front);
  for (std::size_t page = 3; page <= 100; ++page) {
    const PageBlock* const found = extents_.at_page(page);
    EXPECT_TRUE(found == nullptr || found->state == ExtentState::Free) << page;
  }
  EXPECT_TRUE(extents_.verify());
}

TEST_F(Extents, TheSpaceEndsOnePageBeforeTheReservation) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  const std::size_t pages = kSpaceBytes / kPageBytes;
  EXPECT_EQ(take(pages - 1), nullptr);
  PageBlock* const all = take(pages - 2);
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(take(1), nullptr);
  EXPECT_EQ(take(SIZE_MAX / kPageBytes), nullptr);
  EXPECT_TRUE(extents_.verify());
}

TEST_F(Extents, ARefusedReservationIsTriedWithHalfTheSpace) {
  os::plan_faults_for_test({.fail_nth = 1});
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  EXPECT_EQ(extents_.reserved_bytes(), kSpaceBytes / 2);
}

TEST_F(Extents, WithoutAddressSpaceOrATableThereAreNone) {
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_FALSE(extents_.reserve(kSpaceBytes));
  EXPECT_EQ(take(1), nullptr);
  os::plan_faults_for_test({.fail_nth = 2});
  EXPECT_FALSE(extents_.reserve(kSpaceBytes));
  EXPECT_EQ(take(1), nullptr);
  EXPECT_FALSE(extents_.holds(0));
}

TEST_F(Extents, ARandomWalkKeepsThemTiled) {
  ASSERT_TRUE(extents_.reserve(kSpaceBytes));
  std::mt19937 random(1);
  std::vector<PageBlock*> taken;
  unsigned refused = 0;
  for (unsigned step = 0; step < 20000; ++step) {
    if (random() % 2 == 0 && !taken.empty()) {
      std::swap(taken[random() % taken.size()], taken.back());
      extents_.give(*taken.back());
      taken.pop_back();
    } else if (PageBlock* const block = take(1 + random() % (step % 7 == 0 ? 200 : 5))) {
      taken.push_back(block);
    } else {
      ++refused;
    }
    if (step % 500 == 0) {
      ASSERT_TRUE(extents_.verify()) << "seed 1, step " << step;
    }
  }
  EXPECT_GT(refused, 0u) << "the space never filled";
  for (PageBlock* block : taken) extents_.give(*block);
  EXPECT_TRUE(extents_.verify());
  EXPECT_EQ(extents_.at_page(1)->pages, extents_.frontier() - 1) << "all joined again";
}

}  // namespace
}  // namespace hakmem
