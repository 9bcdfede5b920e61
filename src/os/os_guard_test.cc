// Reserved pages fault until they are opened, closed ones fault again, and refusals are told.
#include "os/os_guard.h"

#include <gtest/gtest.h>

#include <fstream>

#include "os/os.h"
#include "os/os_fake.h"
#include "page_mode/page_memory_for_test.h"

namespace hakmem::os {
namespace {

constexpr std::size_t kPages = 64;

class OsGuard : public testing::Test {
 protected:
  ~OsGuard() override {
    plan_faults_for_test({});
    unmap(base_, kPages * kPageBytes);
  }
  std::byte* page(std::size_t i) { return base_ + i * kPageBytes; }
  std::byte* const base_ = reserve(kPages * kPageBytes);
};

TEST_F(OsGuard, AReservationIsClosedAndAPartOfItOpensAsZero) {
  ASSERT_NE(base_, nullptr);
  EXPECT_FALSE(is_open(page(3)));
  ASSERT_TRUE(make_writable(page(3), kPageBytes));
  EXPECT_EQ(*page(3), std::byte{0});
  *page(3) = std::byte{1};
  EXPECT_FALSE(is_open(page(2) + kPageBytes - 1));
  EXPECT_FALSE(is_open(page(4)));
}

TEST_F(OsGuard, ClosedPagesFaultAndForgetWhatTheyHeld) {
  ASSERT_TRUE(make_writable(page(3), 2 * kPageBytes));
  *page(3) = std::byte{1};
  EXPECT_EQ(close_pages(page(3), 2 * kPageBytes), Closed::Empty);
  EXPECT_FALSE(is_open(page(3)));
  EXPECT_FALSE(is_open(page(4)));
  ASSERT_TRUE(make_writable(page(3), kPageBytes));
  EXPECT_EQ(*page(3), std::byte{0});
}

TEST_F(OsGuard, ClosingGivesTheMappingsBack) {
  const auto mappings = [this] { return count_mappings(base_, kPages * kPageBytes); };
  EXPECT_EQ(mappings(), 1u);
  for (std::size_t i = 1; i < kPages; i += 2) {
    ASSERT_TRUE(make_writable(page(i), kPageBytes));
    *page(i) = std::byte{1};
  }
  EXPECT_GE(mappings(), kPages);
  for (std::size_t i = 1; i < kPages; i += 2) close_pages(page(i), kPageBytes);
  EXPECT_EQ(mappings(), 1u);
}

TEST_F(OsGuard, WhenTheNewMappingIsRefusedThePagesAreClosedAllTheSame) {
  ASSERT_TRUE(make_writable(page(3), kPageBytes));
  *page(3) = std::byte{1};
  plan_faults_for_test({.fail_nth = 1});
  EXPECT_EQ(close_pages(page(3), kPageBytes), Closed::Empty);
  EXPECT_FALSE(is_open(page(3)));
}

TEST_F(OsGuard, WhenEverythingIsRefusedThePagesStayAsTheyWere) {
  ASSERT_TRUE(make_writable(page(3), kPageBytes));
  *page(3) = std::byte{1};
  plan_faults_for_test({.fail_from = 1});
  EXPECT_EQ(close_pages(page(3), kPageBytes), Closed::No);
  EXPECT_EQ(reserve(kPageBytes), nullptr);
  EXPECT_TRUE(is_open(page(3)));
  EXPECT_EQ(*page(3), std::byte{1});
}

TEST_F(OsGuard, TheKernelsLimitOnMappingsIsRead) {
  std::ifstream file("/proc/sys/vm/max_map_count");
  std::size_t limit = 65530;
  file >> limit;
  EXPECT_EQ(mappings_max(), limit);
}

}  // namespace
}  // namespace hakmem::os
