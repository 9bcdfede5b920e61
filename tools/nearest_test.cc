#include "tools/nearest.h"

#include <gtest/gtest.h>

namespace hakmem::tools {
namespace {

TEST(Nearest, DistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("leaks", "leaks"), 0u);
  EXPECT_EQ(edit_distance("leak", "leaks"), 1u);
  EXPECT_EQ(edit_distance("leaks", "eaks"), 1u);
  EXPECT_EQ(edit_distance("run", "rum"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(Nearest, CaseDoesNotCount) { EXPECT_EQ(edit_distance("DoubleFree", "doublefree"), 0u); }

TEST(Nearest, TheFirstOfEquallyNearNamesWins) {
  EXPECT_EQ(nearest_name("ab", {"aa", "bb"}), "aa");
  EXPECT_EQ(nearest_name("ab", {"bb", "aa"}), "bb");
}

TEST(Nearest, NothingIsNearestToNoNames) { EXPECT_EQ(nearest_name("x", {}), ""); }

}  // namespace
}  // namespace hakmem::tools
