// Which findings are told: the first of its kind, none that a rule names, each with its number of
// repeats at the end. What is remembered has an end, and then nothing is forgotten to be told.
#include "integrity/finding_fate.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "integrity/run_child_for_test.h"
#include "integrity/suppressions.h"

namespace hakmem {
namespace {

constexpr std::string_view kRule = "HK103:culprit\n";

class FindingFates : public testing::Test {
 protected:
  FindingFates() { forget_fates(); }
  ~FindingFates() override {
    forget_fates();
    static_cast<void>(parse_suppressions("", 0));
  }

  /// A finding whose stacks begin at `pc`.
  const Finding& found_at(Address pc, Violation violation = Violation::kOverflow) {
    *finding_ = {};
    finding_->violation = violation;
    finding_->allocated.stack.count = 1;
    finding_->allocated.stack.pcs[0] = pc;
    return *finding_;
  }
  FindingFate fate(Address pc, std::uint64_t dedup, bool deduplicate = true,
                   Violation violation = Violation::kOverflow) {
    return fate_of(found_at(pc, violation), *stacks_, dedup, deduplicate);
  }
  FindingFate known(Address pc) { return fate_by_stacks(found_at(pc)); }
  /// From now on the rule fits what is found.
  void suppress() {
    ASSERT_TRUE(parse_suppressions(kRule.data(), kRule.size()).ok());
    stacks_->allocated.count = 1;
    stacks_->allocated.frames[0].function = "culprit";
  }
  static std::string told(bool suppressed_too) {
    return run_child([&] { tell_fates(suppressed_too); }).errors;
  }

  std::unique_ptr<Finding> finding_ = std::make_unique<Finding>();
  std::unique_ptr<ResolvedFinding> stacks_ = std::make_unique<ResolvedFinding>();
};

TEST_F(FindingFates, TheSecondOfATokenIsARepeatWhereverItsStacksAre) {
  EXPECT_EQ(known(1), FindingFate::Publish);
  EXPECT_EQ(fate(1, 7), FindingFate::Publish);
  EXPECT_EQ(known(1), FindingFate::Repeat);
  EXPECT_EQ(known(2), FindingFate::Publish) << "its token is not known yet";
  EXPECT_EQ(fate(2, 7), FindingFate::Repeat);
  EXPECT_EQ(known(2), FindingFate::Repeat);
  EXPECT_EQ(fate(3, 8), FindingFate::Publish);
  EXPECT_EQ(fate(1, 7, true, Violation::kUnderflow), FindingFate::Publish) << "of another id";
}

TEST_F(FindingFates, WhereEachIsToldThereAreNoRepeats) {
  for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(fate(1, 7, false), FindingFate::Publish);
  EXPECT_EQ(known(1), FindingFate::Publish);
  EXPECT_EQ(told(true), "");
}

TEST_F(FindingFates, ASuppressedOneIsSoAgainAndIsCounted) {
  suppress();
  for (const bool deduplicate : {false, true, true}) {
    EXPECT_EQ(fate(1, 7, deduplicate), FindingFate::Suppressed);
  }
  EXPECT_EQ(known(1), FindingFate::Suppressed);
  EXPECT_EQ(fate(2, 7, true, Violation::kUnderflow), FindingFate::Publish) << "not of the rule";
  EXPECT_EQ(told(false), "");
  EXPECT_NE(told(true).find("4 findings were suppressed"), std::string::npos) << told(true);
}

TEST_F(FindingFates, RepeatsAreToldAtTheEnd) {
  fate(1, 0xab);
  fate(2, 0xab);
  fate(3, 0xcd);
  EXPECT_NE(told(false).find("HK103-00000000000000ab was seen 1 more time\n"), std::string::npos)
      << told(false);
  known(1);
  EXPECT_NE(told(false).find(" was seen 2 more times\n"), std::string::npos) << told(false);
  EXPECT_EQ(told(true).find("suppressed"), std::string::npos);
  EXPECT_EQ(told(true).find("00cd"), std::string::npos) << "it did not repeat";
  suppress();
  fate(4, 1);
  EXPECT_NE(told(true).find("1 finding was suppressed\n"), std::string::npos) << told(true);
}

TEST_F(FindingFates, AChildHasFoundNothing) {
  fate(1, 7);
  forget_fates();
  EXPECT_EQ(known(1), FindingFate::Publish);
  EXPECT_EQ(fate(1, 7), FindingFate::Publish);
}

TEST_F(FindingFates, WhatDoesNotFitInTheTablesIsToldAgain) {
  constexpr Address kTooMany = 5000;
  for (Address pc = 1; pc <= kTooMany; ++pc) {
    ASSERT_EQ(fate(pc, pc), FindingFate::Publish);
  }
  EXPECT_EQ(fate(1, 1), FindingFate::Repeat) << "the first ones are remembered";
  EXPECT_EQ(fate(kTooMany, kTooMany), FindingFate::Publish) << "the last ones are not";
  // Many stacks of one token: those without a place are weighed anew, and are repeats then.
  for (Address pc = 1; pc <= kTooMany; ++pc) {
    ASSERT_EQ(fate(kTooMany + pc, 1), FindingFate::Repeat);
  }
  EXPECT_EQ(known(kTooMany + 1), FindingFate::Repeat);
  EXPECT_EQ(known(2 * kTooMany), FindingFate::Publish);
  EXPECT_EQ(fate(2 * kTooMany, 1), FindingFate::Repeat);
}

}  // namespace
}  // namespace hakmem
