#include "learn/retention.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

TEST(Retention, MemoryIsDueAtItsAgeAndNotBefore) {
  const Retention retention{.age_ms = 100};
  EXPECT_FALSE(retention.is_due(1000, 1000));
  EXPECT_FALSE(retention.is_due(1000, 1099));
  EXPECT_TRUE(retention.is_due(1000, 1100));
  EXPECT_TRUE(Retention{}.is_due(1000, 1000)) << "age 0 means at once";
}

TEST(RetentionPolicy, AgesAreWhatWasLearntUnlessLearningIsOff) {
  RetentionPolicy policy;
  LearnedAge learned;
  learned.on_wanted_again(999, policy.purge_ms, 1000);
  EXPECT_EQ(policy.for_slabs(learned, 1000).age_ms, 2 * policy.purge_ms);
  EXPECT_EQ(policy.for_runs(learned, 1000).age_ms, 2 * policy.run_purge_ms);
  policy.learn = false;
  EXPECT_EQ(policy.for_slabs(learned, 1000).age_ms, policy.purge_ms);
  EXPECT_EQ(policy.for_runs(learned, 1000).age_ms, policy.run_purge_ms);
}

TEST(RetentionPolicy, WithoutPurgeNothingIsEverDue) {
  Options options;
  options.purge = false;
  const RetentionPolicy policy = RetentionPolicy::from(options);
  LearnedAge learned;
  EXPECT_FALSE(policy.for_slabs(learned, 0).is_due(0, UINT64_MAX));
  EXPECT_FALSE(policy.for_runs(learned, 0).is_due(0, UINT64_MAX));
}

TEST(RetentionPolicy, OptionsBecomeThePolicy) {
  Options options;
  options.purge_ms = 70;
  options.huge_pages = false;
  options.learn = false;
  const RetentionPolicy policy = RetentionPolicy::from(options);
  EXPECT_TRUE(policy.purge);
  EXPECT_EQ(policy.purge_ms, 70u);
  EXPECT_GT(policy.run_purge_ms, 70u) << "runs cost more to fault in";
  EXPECT_FALSE(policy.huge_pages);
  EXPECT_FALSE(policy.learn);
}

TEST(RetentionPolicy, TheDefaultsAreThoseOfTheOptions) {
  const RetentionPolicy policy = RetentionPolicy::from(Options{});
  const RetentionPolicy plain;
  EXPECT_EQ(policy.purge, plain.purge);
  EXPECT_EQ(policy.purge_ms, plain.purge_ms);
  EXPECT_EQ(policy.run_purge_ms, plain.run_purge_ms);
  EXPECT_EQ(policy.huge_pages, plain.huge_pages);
  EXPECT_EQ(policy.learn, plain.learn);
}

}  // namespace
}  // namespace hakmem
