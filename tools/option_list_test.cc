#include "tools/option_list.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {
namespace {

TEST(OptionList, AValueWithColonsAndBackslashesComesBackAsItWas) {
  const std::string awkward = R"(/a:b\c\:d=e)";
  const std::string list = append_options("", {{"report", awkward}, {"leaks", "1"}});
  const Options options = parse_option_list(list, "test");
  EXPECT_STREQ(options.report.bytes, awkward.c_str());
  EXPECT_TRUE(options.leaks);
}

TEST(OptionList, WhatIsAppendedWins) {
  const Options options =
      parse_option_list(append_options("exitcode=7:leaks=1", {{"exitcode", "9"}}), "test");
  EXPECT_EQ(options.exitcode, 9u);
  EXPECT_TRUE(options.leaks);
}

TEST(OptionList, ALiteralFileNameExpandsToItself) {
  for (const char* name : {"", "/a/b", "50%", "%p", "%%p%q{HOME}", "%"}) {
    EXPECT_EQ(expand_file_name(literal_file_name(name)), name);
  }
  EXPECT_EQ(expand_file_name("v.%p"), "v." + std::to_string(getpid()));
}

TEST(OptionList, NothingAppendedToNothingIsNothing) { EXPECT_EQ(append_options("", {}), ""); }

TEST(OptionList, AnUnknownOptionNamesTheSourceAndTheNearest) {
  try {
    parse_option_list("leeks=1", "HAKMEM_OPTIONS");
    FAIL() << "an unknown option was taken";
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_status(), exit_code::kBadOption);
    EXPECT_NE(std::string(error.what()).find("HAKMEM_OPTIONS: unknown option 'leeks'"),
              std::string::npos);
    EXPECT_NE(std::string(error.what()).find("'leaks'"), std::string::npos);
  }
}

TEST(OptionList, AMalformedOrOversizedValueIsRefused) {
  EXPECT_THROW(parse_option_list("leaks=perhaps", "test"), CommandError);
  EXPECT_THROW(parse_option_list("exitcode=256", "test"), CommandError);
  EXPECT_THROW(parse_option_list("report=" + std::string(kOptionTextMax, 'x'), "test"),
               CommandError);
}

}  // namespace
}  // namespace hakmem::tools
