// Two runs of one program become one verdict and one end; wrong words are refused.
// The ids here stand in no table, so that no real error counts as tested by this file.
#include "tools/page_runs.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {
namespace {

using Kind = ProgramEnd::Kind;

int status_of(const std::string& page, const std::string& options, int level) {
  try {
    require_page_mode(page, options, level);
  } catch (const CommandError& error) {
    return error.exit_status();
  }
  return 0;
}

TEST(PageRuns, AFindingOfBothRunsIsCountedOnce) {
  const std::string first = "10 86 HK199 HK199-aa\n";
  const std::string second = "11 86 HK199 HK199-aa\n11 86 HK198 HK198-bb\n";
  EXPECT_EQ(merge_verdicts(first, second), "10 86 HK199 HK199-aa\n11 86 HK198 HK198-bb\n");
  EXPECT_EQ(merge_verdicts("", second), second);
  EXPECT_EQ(merge_verdicts(first, ""), first);
}

TEST(PageRuns, FindingsOfOneRunAreNotMergedWithEachOther) {
  const std::string twice = "10 86 HK199 HK199-aa\n12 86 HK199 HK199-aa\n";
  EXPECT_EQ(merge_verdicts(twice, ""), twice);
}

TEST(PageRuns, UnreadableLinesStayToBeCounted) {
  EXPECT_EQ(merge_verdicts("what\n", "else\n"), "what\nelse\n");
}

TEST(PageRuns, TheWorseEndIsKept) {
  const ProgramEnd clean{Kind::Exited, 0}, failed{Kind::Exited, 3}, killed{Kind::Signaled, 11},
      late{Kind::TimedOut, 0};
  EXPECT_EQ(worse_end(clean, failed).value, 3);
  EXPECT_EQ(worse_end(failed, clean).value, 3);
  EXPECT_EQ(worse_end(failed, killed).value, 11);
  EXPECT_EQ(worse_end(late, killed).kind, Kind::TimedOut);
  EXPECT_EQ(worse_end(failed, {Kind::Exited, 4}).value, 3);
}

TEST(PageRuns, PageModeNeedsItsLevelAndItsWords) {
  EXPECT_EQ(status_of("both", "", 4), 0);
  EXPECT_EQ(status_of("", "page=after", 4), 0);
  EXPECT_EQ(status_of("", "", 2), 0);
  EXPECT_EQ(status_of("off", "page=after", 2), 0);
  EXPECT_EQ(status_of("after", "", 3), exit_code::kBadOption);
  EXPECT_EQ(status_of("", "page=before", 0), exit_code::kBadOption);
  EXPECT_EQ(status_of("", "page=both", 4), exit_code::kBadOption);
  EXPECT_EQ(status_of("", "page=behind", 4), exit_code::kBadOption);
}

TEST(PageRuns, AProgramThatCrashesWithoutAFindingGetsTheHintAboutAlignment) {
  const ProgramEnd crash{Kind::Signaled, SIGSEGV};
  EXPECT_NE(hint_for(crash, "after", "").find("page_align=16"), std::string::npos);
  EXPECT_NE(hint_for(crash, "", "page=after"), "");
  EXPECT_EQ(hint_for(crash, "before", ""), "");
  EXPECT_EQ(hint_for(crash, "after", "page_align=16"), "");
  EXPECT_EQ(hint_for(crash, "", ""), "");
  EXPECT_EQ(hint_for({Kind::Exited, 1}, "after", ""), "");
}

}  // namespace
}  // namespace hakmem::tools
