#include "base/options.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hakmem {
namespace {

using Kind = OptionError::Kind;

struct Parsed {
  Options options;
  OptionError error;
  std::string sentence() const {
    char text[256];
    return {text, describe(error, text, sizeof text)};
  }
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.error = parse_options(text.c_str(), parsed.options);
  return parsed;
}

TEST(Options, NothingAndNullChangeNothing) {
  EXPECT_TRUE(parse("").error.ok());
  EXPECT_TRUE(parse(":::").error.ok());
  Options options;
  EXPECT_TRUE(parse_options(nullptr, options).ok());
  EXPECT_EQ(options.exitcode, 86u);
  EXPECT_EQ(options.purge_ms, 100u);
  EXPECT_TRUE(options.report.empty());
}

TEST(Options, EveryRowTakesItsOwnDefault) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = kOptionTable[i];
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is there twice";
    EXPECT_NE(std::string(row.help), "") << row.name;
    const Parsed parsed = parse(std::string(row.name) + "=" + row.fallback);
    EXPECT_TRUE(parsed.error.ok()) << parsed.sentence();
  }
  EXPECT_GE(names.size(), 15u);
}

TEST(Options, EveryRowRefusesAValueOfAnotherType) {
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = kOptionTable[i];
    if (std::string(row.type) == "text") continue;
    for (const char* bad : {"=", "=x", "=-1", "= 1", "=1 ", "=99999999999999999999", ""}) {
      const Parsed parsed = parse(std::string(row.name) + bad);
      EXPECT_FALSE(parsed.error.ok()) << row.name << bad;
      EXPECT_STREQ(parsed.error.option, row.name);
    }
  }
}

TEST(Options, BooleansHaveThreeSpellingsOfEachValue) {
  for (const char* yes : {"1", "true", "yes"}) {
    const Parsed parsed = parse(std::string("leaks=") + yes);
    EXPECT_TRUE(parsed.error.ok() && parsed.options.leaks) << yes;
  }
  for (const char* no : {"0", "false", "no"}) {
    const Parsed parsed = parse(std::string("purge=") + no);
    EXPECT_TRUE(parsed.error.ok() && !parsed.options.purge) << no;
  }
  EXPECT_EQ(parse("leaks=2").error.kind, Kind::Malformed);
  EXPECT_EQ(parse("leaks=truely").error.kind, Kind::Malformed);
}

TEST(Options, NumbersKeepToTheirRange) {
  EXPECT_EQ(parse("exitcode=255").options.exitcode, 255u);
  EXPECT_EQ(parse("exitcode=0").error.kind, Kind::OutOfRange);
  EXPECT_EQ(parse("exitcode=256").error.kind, Kind::OutOfRange);
  EXPECT_EQ(parse("purge_ms=0").options.purge_ms, 0u);
  EXPECT_EQ(parse("purge_ms=3600001").error.kind, Kind::OutOfRange);
  EXPECT_EQ(parse("exitcode=0x40").error.kind, Kind::Malformed);
  EXPECT_EQ(parse("exitcode=256").options.exitcode, 86u) << "a refused value must not be taken";
}

TEST(Options, SeveralEntriesApplyInOrderAndTheLastOneCounts) {
  const Parsed parsed = parse("leaks=1:exitcode=40:stack=fp:exitcode=41");
  EXPECT_TRUE(parsed.error.ok());
  EXPECT_TRUE(parsed.options.leaks);
  EXPECT_EQ(parsed.options.exitcode, 41u);
  EXPECT_STREQ(parsed.options.stack.bytes, "fp");
}

TEST(Options, ABadEntryStopsTheListAndIsNamed) {
  const Parsed parsed = parse("exitcode=40:leeks=1:exitcode=41");
  EXPECT_EQ(parsed.error.kind, Kind::Unknown);
  EXPECT_STREQ(parsed.error.option, "leeks");
  EXPECT_EQ(parsed.options.exitcode, 40u);
}

TEST(Options, AnUnknownNameGetsTheNearestOne) {
  const std::pair<const char*, const char*> cases[] = {
      {"leak=1", "leaks"},       {"exit_code=1", "exitcode"}, {"purgems=1", "purge_ms"},
      {"colour=0", "color"},     {"Help=1", "help"},          {"quarantine_blcks=1",
                                                               "quarantine_blocks"},
  };
  for (const auto& [text, nearest] : cases) {
    const Parsed parsed = parse(text);
    EXPECT_EQ(parsed.error.kind, Kind::Unknown) << text;
    EXPECT_STREQ(parsed.error.nearest, nearest) << text;
    EXPECT_NE(parsed.sentence().find(std::string("'") + nearest + "'"), std::string::npos);
  }
}

TEST(Options, APrefixOfANameIsNotTheName) {
  EXPECT_EQ(parse("exit=1").error.kind, Kind::Unknown);
  EXPECT_EQ(parse("purge_msx=1").error.kind, Kind::Unknown);
  EXPECT_EQ(parse("=1").error.kind, Kind::Unknown);
}

TEST(Options, ABackslashKeepsTheNextCharacter) {
  const Parsed parsed = parse(R"(report=/srv/a\:b\\c=d:exitcode=40)");
  EXPECT_TRUE(parsed.error.ok()) << parsed.sentence();
  EXPECT_STREQ(parsed.options.report.bytes, "/srv/a:b\\c=d");
  EXPECT_EQ(parsed.options.exitcode, 40u);
  EXPECT_STREQ(parse("report=end\\").options.report.bytes, "end\\");
}

TEST(Options, TextThatDoesNotFitIsRefused) {
  EXPECT_TRUE(parse("report=" + std::string(kOptionTextMax - 1, 'r')).error.ok());
  const Parsed parsed = parse("report=" + std::string(kOptionTextMax, 'r'));
  EXPECT_EQ(parsed.error.kind, Kind::TooLong);
  EXPECT_EQ(parsed.sentence(), "option 'report' is too long");
}

TEST(Options, AVeryLongNameIsCutInTheError) {
  const Parsed parsed = parse(std::string(4096, 'n') + "=1");
  EXPECT_EQ(parsed.error.kind, Kind::Unknown);
  EXPECT_EQ(std::string(parsed.error.option), std::string(sizeof parsed.error.option - 1, 'n'));
  EXPECT_NE(parsed.error.nearest, nullptr);
}

TEST(Options, EveryErrorHasASentence) {
  EXPECT_EQ(parse("leaks=1").sentence(), "");
  EXPECT_EQ(parse("leaks=x").sentence(), "option 'leaks' has a malformed value");
  EXPECT_EQ(parse("exitcode=0").sentence(), "option 'exitcode' is out of range");
  EXPECT_NE(parse("lleaks=1").sentence().find("unknown option 'lleaks'"), std::string::npos);
}

TEST(Options, ADescriptionIsCutToItsBuffer) {
  char text[12];
  const std::size_t length = describe(parse("leaks=x").error, text, sizeof text);
  EXPECT_EQ(length, sizeof text - 1);
  EXPECT_STREQ(text, "option 'lea");
}

}  // namespace
}  // namespace hakmem
