// The page tier on real pages: what is open, what is closed, for how long, and within which budget.
#include "page_mode/page_tier.h"

#include <gtest/gtest.h>

#include <vector>

#include "os/os_fake.h"
#include "page_mode/page_memory_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kTriedMax = 70000;

class PageTierTest : public testing::TestWithParam<PageSide> {
 protected:
  PageTierTest() { os::plan_faults_for_test({}); }
  void TearDown() override {
    os::plan_faults_for_test({});
    EXPECT_TRUE(tier_.verify());
  }

  void enable(std::size_t space_bytes, std::size_t blocks_max = 1000) {
    ASSERT_TRUE(tier_.enable({.side = GetParam(),
                              .least_align = 1,
                              .space_bytes = space_bytes,
                              .blocks_max = blocks_max}));
  }
  /// As the gate has it: described, then live.
  PageBlock* allocate(std::size_t request, std::size_t align = 0) {
    PageBlock* const block = tier_.allocate(request, align);
    if (block == nullptr) return nullptr;
    block->record.request_bytes = request;
    block->record.publish(BlockState::Live);
    return block;
  }
  bool after() const { return GetParam() == PageSide::After; }

  os::MappingLedger ledger_;
  MetaArena meta_;
  PageTier tier_{meta_};
};

INSTANTIATE_TEST_SUITE_P(Sides, PageTierTest, testing::Values(PageSide::After, PageSide::Before),
                         [](const auto& side) { return std::string(name_of(side.param)); });

TEST_P(PageTierTest, ForEverySizeTheBlockIsOpenTheGuardClosedAndSoIsAllOfItAfterwards) {
  enable(64 * kMiB);
  for (std::size_t request = 0; request <= kTriedMax; request += request < 5000 ? 1 : 13) {
    SCOPED_TRACE(request);
    PageBlock* const block = allocate(request);
    ASSERT_NE(block, nullptr);
    std::byte* const user = block->user;
    if (request != 0) {
      user[0] = user[request - 1] = std::byte{1};
      const std::byte* const guard = after() ? user + request : user - 1;
      ASSERT_FALSE(is_open(guard));
      ASSERT_TRUE(is_open(user + request / 2));
    } else {
      ASSERT_FALSE(is_open(user));
      ASSERT_FALSE(is_open(user - 1));
    }
    ASSERT_EQ(tier_.find(reinterpret_cast<Address>(user)), block);
    tier_.release(*block);
    if (request != 0) {
      ASSERT_FALSE(is_open(user) || is_open(user + request - 1));
    }
  }
}

TEST_P(PageTierTest, AnAlignmentIsKeptAndTheGuardIsThere) {
  enable(256 * kMiB);
  for (std::size_t align = 16; align <= kMiB; align *= 2) {
    for (const std::size_t request : {0ul, 1ul, 100ul, 4096ul, 5000ul}) {
      PageBlock* const block = allocate(request, align);
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<Address>(block->user) % align, 0u);
      EXPECT_FALSE(is_open(block->data_end()));
      EXPECT_FALSE(is_open(block->data_begin() - 1));
      tier_.release(*block);
    }
  }
}

TEST_P(PageTierTest, FreedPagesStayClosedWhileMoreThanAQuarterOfTheSpaceCanRest) {
  enable(PageExtents::kReserveBytesMin);
  const std::size_t pages = PageExtents::kReserveBytesMin / kPageBytes;
  std::vector<Address> freed;
  for (unsigned i = 0; i < 4 * pages; ++i) {
    PageBlock* const block = allocate(100);
    ASSERT_NE(block, nullptr);
    const Address user = reinterpret_cast<Address>(block->user);
    // The last pages / 4 / 2 freed blocks of two pages are not handed out again.
    for (std::size_t back = 1; back <= pages / 8 && back <= freed.size(); ++back) {
      ASSERT_NE(user, freed[freed.size() - back]) << "block " << i;
    }
    tier_.release(*block);
    freed.push_back(user);
  }
  EXPECT_GE(tier_.stats().resting_pages, pages / 4);
}

TEST_P(PageTierTest, TheBudgetOfMappingsEndsInADeclinedRequestAndComesBack) {
  enable(64 * kMiB, 10);
  std::vector<PageBlock*> blocks;
  for (unsigned i = 0; i < 10; ++i) blocks.push_back(allocate(20));
  EXPECT_EQ(allocate(20), nullptr);
  EXPECT_EQ(tier_.stats().declined, 1u);
  PageBlock* const nothing = allocate(0);
  EXPECT_NE(nothing, nullptr) << "no mapping is needed for it";
  tier_.release(*blocks.back());
  EXPECT_NE(allocate(20), nullptr);
  EXPECT_EQ(tier_.stats().live_blocks, 10u);
}

TEST_P(PageTierTest, MappingsStayWithinTwoForEachLiveBlock) {
  enable(64 * kMiB);
  const PageExtents& extents = tier_.extents();
  const auto mappings = [&] {
    return count_mappings(extents.page_begin(0), extents.reserved_bytes());
  };
  std::vector<PageBlock*> blocks;
  for (unsigned i = 0; i < 100; ++i) {
    blocks.push_back(allocate(20));
    *blocks.back()->user = std::byte{1};
    tier_.release(*allocate(50));
  }
  EXPECT_LE(mappings(), 2 * blocks.size() + 1);
  for (PageBlock* block : blocks) tier_.release(*block);
  EXPECT_EQ(mappings(), 1u);
}

TEST_P(PageTierTest, TooLargeRequestsAreDeclined) {
  enable(64 * kMiB);
  EXPECT_EQ(allocate(65 * kMiB), nullptr);
  EXPECT_EQ(allocate(kRequestMax), nullptr);
  EXPECT_EQ(allocate(1, std::size_t{1} << 46), nullptr);
  EXPECT_NE(allocate(20 * kMiB), nullptr);
}

TEST_P(PageTierTest, WhoeverIsRefusedPagesIsDeclinedAndNothingIsLost) {
  enable(64 * kMiB);
  tier_.release(*allocate(1));  // the records' memory is there
  os::plan_faults_for_test({.fail_nth = 1});
  EXPECT_EQ(allocate(100), nullptr);
  EXPECT_EQ(tier_.stats().declined, 1u);
  EXPECT_EQ(tier_.stats().live_blocks, 0u);
  EXPECT_NE(allocate(100), nullptr);
}

TEST_P(PageTierTest, PagesThatCannotBeClosedAreNeverUsedAgain) {
  enable(64 * kMiB);
  PageBlock* const block = allocate(100);
  const Address user = reinterpret_cast<Address>(block->user);
  os::plan_faults_for_test({.fail_from = 1});
  tier_.release(*block);
  os::plan_faults_for_test({});
  EXPECT_EQ(tier_.stats().lost_pages, 2u);
  EXPECT_EQ(tier_.stats().resting_blocks, 0u);
  EXPECT_EQ(tier_.find(user), block) << "it is still known, for the report of a double free";
}

TEST_P(PageTierTest, OffUntilItIsEnabledAndWhenThereIsNoAddressSpace) {
  EXPECT_EQ(allocate(1), nullptr);
  EXPECT_EQ(tier_.stats().declined, 0u);
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_FALSE(tier_.enable({.side = GetParam(), .space_bytes = 64 * kMiB, .blocks_max = 10}));
  EXPECT_EQ(allocate(1), nullptr);
}

}  // namespace
}  // namespace hakmem
