#include "base/checks.h"

#include <gtest/gtest.h>

#include "base/build_config.h"

namespace hakmem {
namespace {

constexpr Check kAllChecks[] = {
    Check::kMapMembership, Check::kStrideAlignment, Check::kImmediateDoubleFree,
    Check::kNextInSlab,    Check::kHeaderByte,      Check::kSlabInvariants,
    Check::kListPatterns,  Check::kRemoteCount,     Check::kRecords,
    Check::kCanaries,      Check::kFreeFill,        Check::kQuarantine,
    Check::kStacks,        Check::kExitSweep,       Check::kCrashReport,
    Check::kLibraryCalls,
    Check::kPageMode,      Check::kPtrTrace,        Check::kBlockState,
    Check::kKinds,         Check::kOwnership,       Check::kLeaks,
    Check::kOwner,         Check::kStateCanaries,
};

TEST(CheckSet, PlusAndMinusUndoEachOther) {
  for (const Check check : kAllChecks) {
    const CheckSet without = checks_for_level(kIntegrityLevelMax) - check;
    EXPECT_FALSE(without.has(check));
    EXPECT_TRUE((without + check).has(check));
    EXPECT_EQ(without + check, checks_for_level(kIntegrityLevelMax));
    EXPECT_EQ(without - check, without);
    EXPECT_EQ(CheckSet{} + check - check, CheckSet{});
  }
}

TEST(CheckSet, ChecksAreDistinct) {
  for (const Check one : kAllChecks) {
    for (const Check other : kAllChecks) {
      EXPECT_EQ((CheckSet{} + one).has(other), one == other);
    }
  }
}

TEST(CheckSet, LevelsAreCumulativeAndEachAddsSomething) {
  EXPECT_FALSE(checks_for_level(0).any());
  for (int level = 1; level <= kIntegrityLevelMax; ++level) {
    const CheckSet lower = checks_for_level(level - 1);
    const CheckSet own = checks_for_level(level);
    EXPECT_EQ(own.bits & lower.bits, lower.bits) << "level " << level;
    EXPECT_NE(own, lower) << "level " << level;
  }
}

TEST(CheckSet, TheHighestLevelHasEveryCheck) {
  CheckSet all;
  for (const Check check : kAllChecks) all = all + check;
  EXPECT_EQ(checks_for_level(kIntegrityLevelMax), all);
}

TEST(CheckSet, ThisBuildHasItsLevelsChecks) {
  EXPECT_EQ(kBuildChecks, checks_for_level(kIntegrityLevel));
}

}  // namespace
}  // namespace hakmem
