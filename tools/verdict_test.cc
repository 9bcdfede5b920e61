// The ids here stand in no table, so that no real error counts as tested by this file.
#include "tools/verdict.h"

#include <gtest/gtest.h>

namespace hakmem::tools {
namespace {

constexpr ProgramEnd kClean{ProgramEnd::Kind::Exited, 0};

TEST(Verdict, ReadsEveryField) {
  const Verdict verdict = parse_verdict("4121 86 HK198 HK198-9f2c41ab77d0e3b1\n");
  ASSERT_EQ(verdict.lines.size(), 1u);
  EXPECT_EQ(verdict.lines[0].pid, 4121);
  EXPECT_EQ(verdict.lines[0].exit_status, 86);
  EXPECT_EQ(verdict.lines[0].id, 198);
  EXPECT_EQ(verdict.lines[0].dedup, "HK198-9f2c41ab77d0e3b1");
  EXPECT_EQ(verdict.unreadable, 0u);
}

TEST(Verdict, CountsLinesThatAreNone) {
  for (const char* text : {"rubbish\n", "1 86\n", "1 86 102 d\n", "x 86 HK198 d\n", "1 y HK198 d\n",
                           "1 0 HK198 d\n", "1 86 HK d\n", "1 86 HK19x d\n", "-1 86 HK198 d\n"}) {
    const Verdict verdict = parse_verdict(text);
    EXPECT_TRUE(verdict.lines.empty()) << text;
    EXPECT_EQ(verdict.unreadable, 1u) << text;
  }
}

TEST(Verdict, ALastLineWithoutNewlineAndEmptyLinesAreFine) {
  const Verdict verdict = parse_verdict("\n1 86 HK198 a\n\n2 90 HK198 b");
  EXPECT_EQ(verdict.lines.size(), 2u);
  EXPECT_EQ(verdict.unreadable, 0u);
}

TEST(Verdict, CleanIsTheProgramsOwnEnd) {
  EXPECT_EQ(decide_exit_status({}, kClean), 0);
  EXPECT_EQ(decide_exit_status({}, {ProgramEnd::Kind::Exited, 7}), 7);
  EXPECT_EQ(decide_exit_status({}, {ProgramEnd::Kind::Signaled, 11}), 139);
  EXPECT_EQ(decide_exit_status({}, {ProgramEnd::Kind::TimedOut, 15}), 124);
}

TEST(Verdict, OurOwnBugOutranksTheProgramsErrorAndThatALeak) {
  const std::string leak = "1 90 HK198 c\n", error = "2 86 HK198 b\n", own = "3 87 HK998 a\n";
  EXPECT_EQ(decide_exit_status(parse_verdict(leak), kClean), 90);
  EXPECT_EQ(decide_exit_status(parse_verdict(leak + error), kClean), 86);
  EXPECT_EQ(decide_exit_status(parse_verdict(error + leak), kClean), 86);
  EXPECT_EQ(decide_exit_status(parse_verdict(error + own + leak), kClean), 87);
}

TEST(Verdict, AChosenExitStatusIsKeptAndRanksAsAnError) {
  EXPECT_EQ(decide_exit_status(parse_verdict("1 3 HK198 a\n2 90 HK198 b\n"), kClean), 3);
}

TEST(Verdict, TheEarliestOfEquallyBadFindingsIsTheWorst) {
  const Verdict verdict = parse_verdict("5 86 HK197 a\n6 86 HK198 b\n");
  EXPECT_EQ(worst_line(verdict)->pid, 5);
  EXPECT_EQ(worst_line({}), nullptr);
}

TEST(Verdict, AFindingOutranksASignalAndATimeout) {
  const Verdict verdict = parse_verdict("1 86 HK198 a\n");
  EXPECT_EQ(decide_exit_status(verdict, {ProgramEnd::Kind::Signaled, 6}), 86);
  EXPECT_EQ(decide_exit_status(verdict, {ProgramEnd::Kind::TimedOut, 15}), 86);
}

TEST(Verdict, AnUnreadableVerdictAloneIsNeverClean) {
  EXPECT_EQ(decide_exit_status(parse_verdict("torn\n"), kClean), 125);
  EXPECT_EQ(decide_exit_status(parse_verdict("torn\n1 86 HK198 a\n"), kClean), 86);
}

}  // namespace
}  // namespace hakmem::tools
