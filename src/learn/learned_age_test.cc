#include "learn/learned_age.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

constexpr std::uint64_t kOption = 100;

/// Wanted again `after` ms at `now`.
void want(LearnedAge& learned, std::uint64_t after, std::uint64_t now) {
  learned.on_wanted_again(now - after, kOption, now);
}

TEST(LearnedAge, BeginsAsTheOption) {
  LearnedAge learned;
  EXPECT_EQ(learned.age_ms(kOption, 5000), kOption);
  EXPECT_EQ(learned.age_ms(0, 5000), 0u);
  EXPECT_EQ(learned.factor(), 1u);
}

TEST(LearnedAge, ARegretDoublesItUpToEightTimes) {
  LearnedAge learned;
  for (const std::uint64_t expected : {2u, 4u, 8u, 8u, 8u}) {
    want(learned, 1, 5000);
    EXPECT_EQ(learned.age_ms(kOption, 5000), expected * kOption);
    EXPECT_EQ(learned.factor(), expected);
  }
}

TEST(LearnedAge, WhatTheLongestAgeWouldNotHaveKeptIsNoRegret) {
  LearnedAge learned;
  want(learned, 700, 5000);  // free for 800
  EXPECT_EQ(learned.regrets(), 0u);
  want(learned, 699, 5000);
  EXPECT_EQ(learned.regrets(), 1u);
  EXPECT_EQ(learned.age_ms(kOption, 5000), 200u);
  want(learned, 600, 5000);  // free for 800 again: it was kept for 200
  EXPECT_EQ(learned.regrets(), 1u);
  want(learned, 599, 5000);
  EXPECT_EQ(learned.regrets(), 2u);
}

TEST(LearnedAge, AnOptionOfNothingStaysNothing) {
  LearnedAge learned;
  learned.on_wanted_again(5000, 0, 5000);
  EXPECT_EQ(learned.regrets(), 0u);
  EXPECT_EQ(learned.age_ms(0, 5000), 0u);
}

TEST(LearnedAge, WithoutRegretsItIsForgottenStepByStep) {
  LearnedAge learned;
  want(learned, 1, 5000);
  want(learned, 1, 5000);
  EXPECT_EQ(learned.age_ms(kOption, 5000 + 64 * kOption - 1), 4 * kOption);
  EXPECT_EQ(learned.age_ms(kOption, 5000 + 64 * kOption), 2 * kOption);
  EXPECT_EQ(learned.age_ms(kOption, 5000 + 127 * kOption), 2 * kOption);
  EXPECT_EQ(learned.age_ms(kOption, 5000 + 128 * kOption), kOption);
  EXPECT_EQ(learned.factor(), 1u);
  EXPECT_EQ(learned.regrets(), 2u);
}

TEST(LearnedAge, LongIdlenessForgetsAll) {
  LearnedAge learned;
  for (int i = 0; i < 3; ++i) want(learned, 1, 5000);
  EXPECT_EQ(learned.age_ms(kOption, 5000 + 1000 * kOption), kOption);
}

}  // namespace
}  // namespace hakmem
