#include "learn/retention.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

TEST(RetentionPolicy, MemoryIsDueAtItsAgeAndNotBefore) {
  const RetentionPolicy policy;
  EXPECT_FALSE(policy.is_due(1000, 1000, 100));
  EXPECT_FALSE(policy.is_due(1000, 1099, 100));
  EXPECT_TRUE(policy.is_due(1000, 1100, 100));
  EXPECT_TRUE(policy.is_due(1000, 1000, 0)) << "age 0 means at once";
}

TEST(RetentionPolicy, WithoutPurgeNothingIsEverDue) {
  Options options;
  options.purge = false;
  const RetentionPolicy policy = RetentionPolicy::from(options);
  EXPECT_FALSE(policy.is_due(0, UINT64_MAX, 0));
}

TEST(RetentionPolicy, OptionsBecomeThePolicy) {
  Options options;
  options.purge_ms = 70;
  options.huge_pages = false;
  const RetentionPolicy policy = RetentionPolicy::from(options);
  EXPECT_TRUE(policy.purge);
  EXPECT_EQ(policy.purge_ms, 70u);
  EXPECT_GT(policy.run_purge_ms, 70u) << "runs cost more to fault in";
  EXPECT_FALSE(policy.huge_pages);
}

TEST(RetentionPolicy, TheDefaultsAreThoseOfTheOptions) {
  const RetentionPolicy policy = RetentionPolicy::from(Options{});
  const RetentionPolicy plain;
  EXPECT_EQ(policy.purge, plain.purge);
  EXPECT_EQ(policy.purge_ms, plain.purge_ms);
  EXPECT_EQ(policy.run_purge_ms, plain.run_purge_ms);
  EXPECT_EQ(policy.huge_pages, plain.huge_pages);
}

}  // namespace
}  // namespace hakmem
