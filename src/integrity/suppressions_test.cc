// Rules: which lines are rules, which are refused and why, and what a pattern fits.
#include "integrity/suppressions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

#include "integrity/run_child_for_test.h"

namespace hakmem {
namespace {

SuppressionError parse_list(const std::string& text) {
  return parse_suppressions(text.data(), text.size());
}

/// One finding with one frame, in static storage as in the report.
bool fits(const std::string& rules, Violation violation, const char* function,
          const char* file = "", const char* module_path = "/usr/lib/libfoo.so.1") {
  static Finding finding;
  static ResolvedFinding stacks;
  static Module module;
  EXPECT_TRUE(parse_list(rules).ok()) << rules;
  finding.violation = violation;
  std::strncpy(module.path, module_path, sizeof module.path - 1);
  stacks.freed.count = 1;
  stacks.freed.frames[0].function = function;
  stacks.freed.frames[0].file = file;
  stacks.freed.frames[0].module = &module;
  return is_suppressed(finding, stacks);
}

class SuppressionRules : public testing::Test {
 protected:
  ~SuppressionRules() override { static_cast<void>(parse_list("")); }
};

TEST_F(SuppressionRules, APatternIsLookedForInEveryNameOfAFrame) {
  constexpr Violation kKind = Violation::kWriteAfterFree;
  EXPECT_TRUE(fits("HK102:Conn::flush", kKind, "ns::Conn::flush(int)"));
  EXPECT_TRUE(fits("HK102:libfoo.so", kKind, ""));
  EXPECT_TRUE(fits("HK102:conn.cpp", kKind, "f", "/src/conn.cpp"));
  EXPECT_FALSE(fits("HK102:Conn::flush", kKind, "Conn::flus"));
  EXPECT_FALSE(fits("HK101:Conn::flush", kKind, "Conn::flush"));
  EXPECT_TRUE(fits("*:Conn::flush", kKind, "Conn::flush"));
  EXPECT_TRUE(fits("leak:f", Violation::kLeak, "f"));
  EXPECT_FALSE(fits("leak:f", kKind, "f"));
}

TEST_F(SuppressionRules, WildcardsAndEnds) {
  struct Case {
    const char* pattern;
    const char* function;
    bool expected;
  };
  constexpr Case kCases[] = {
      {"a*c", "xabbbcx", true},      {"a*c", "xabbb", false},     {"^a", "ba", false},
      {"^a", "ab", true},            {"a$", "ba", true},          {"a$", "ab", false},
      {"^ab$", "ab", true},          {"^ab$", "abb", false},      {"a?c", "abc", true},
      {"a?c", "ac", false},          {"^*b*d$", "abbcd", true},   {"b*$", "abx", true},
      {"^a*b*c$", "aXbYbZc", true},  {"^a*bc$", "abcbcb", false}, {"^a*bc$", "abcbc", true},
      {"aab", "aaab", true},         {"a*a*a*b", "aaaaaac", false}};
  for (const Case& c : kCases) {
    EXPECT_EQ(fits(std::string("HK103:") + c.pattern, Violation::kOverflow, c.function, "",
                   "/other"),
              c.expected)
        << c.pattern << " in " << c.function;
  }
}

TEST_F(SuppressionRules, AStarFitsWhatHasNoStack) {
  static Finding finding;
  static ResolvedFinding nothing;
  finding.violation = Violation::kMismatch;
  ASSERT_TRUE(parse_list("HK107:*\n").ok());
  EXPECT_TRUE(is_suppressed(finding, nothing));
  ASSERT_TRUE(parse_list("HK107:f\n").ok());
  EXPECT_FALSE(is_suppressed(finding, nothing));
}

TEST_F(SuppressionRules, CommentsBlanksAndLineEndsDoNotMatter) {
  EXPECT_TRUE(parse_list("").ok());
  EXPECT_FALSE(has_suppressions());
  EXPECT_TRUE(parse_list("# HK999:x\n\n \t\n").ok());
  EXPECT_FALSE(has_suppressions());
  EXPECT_TRUE(fits("  HK101 :  f \r\n#\nHK103:g", Violation::kDoubleFree, "f"));
  EXPECT_TRUE(fits("HK101:f\nHK103:a:b", Violation::kOverflow, "a:b"));
}

TEST_F(SuppressionRules, AWrongLineIsNamedAndLeavesNoRules) {
  for (const char* line : {"HK101", "HK101:", "HK101:  ", "HK999:x", "HK1:x", "HK1011:x", "101:x",
                           "hk101:x", "HK901:x", "HK108:x", "HK109:x", "leaks:x", ":x"}) {
    const SuppressionError error = parse_list(std::string("HK101:f\n") + line + "\n");
    EXPECT_FALSE(error.ok()) << line;
    EXPECT_EQ(error.line, 2u) << line;
    EXPECT_FALSE(has_suppressions()) << line;
  }
}

TEST_F(SuppressionRules, WhatIsTooLargeOrNoTextIsRefusedAsAWhole) {
  EXPECT_EQ(parse_list(std::string(kSuppressionsBytesMax + 1, '\n')).line, 0u);
  EXPECT_FALSE(parse_list(std::string(kSuppressionsBytesMax + 1, '\n')).ok());
  EXPECT_FALSE(parse_list(std::string("HK101:f\0x", 9)).ok());
  std::string many;
  for (std::uint32_t i = 0; i <= kSuppressionsMax; ++i) many += "*:f\n";
  EXPECT_EQ(parse_list(many).line, kSuppressionsMax + 1);
  EXPECT_FALSE(load_suppressions("/nowhere/at/all").ok());
}

TEST_F(SuppressionRules, AFileIsReadWholeOrRefused) {
  const TestFolder folder;
  const auto write = [&](const std::string& text) {
    const std::string path = folder.file("rules");
    std::ofstream(path) << text;
    return path;
  };
  // Longer than a read of a pipe or a page.
  const std::string long_text = std::string(20000, '#') + "\nHK101:last\n";
  ASSERT_TRUE(load_suppressions(write(long_text).c_str()).ok());
  EXPECT_TRUE(has_suppressions());
  EXPECT_EQ(load_suppressions(write("\nHK999:x\n").c_str()).line, 2u);
  EXPECT_FALSE(has_suppressions());
  EXPECT_FALSE(load_suppressions(write(std::string(100000, '\n')).c_str()).ok());
  const std::string no_file = folder.file("");
  EXPECT_STREQ(load_suppressions(no_file.c_str()).what, "the file cannot be read");
}

TEST_F(SuppressionRules, OurOwnErrorsAndCrashesAreNeverSuppressed) {
  static Finding finding;
  static ResolvedFinding nothing;
  ASSERT_TRUE(parse_list("*:*\n").ok());
  for (const ViolationRow& row : kViolationTable) {
    finding.violation = row.violation;
    const bool may_be = row.fault == Fault::Program && row.violation != Violation::kPoisonCrash &&
                        row.violation != Violation::kGuardHit;
    EXPECT_EQ(is_suppressed(finding, nothing), may_be) << row.identifier;
  }
}

}  // namespace
}  // namespace hakmem
