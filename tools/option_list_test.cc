#include "tools/option_list.h"

#include <unistd.h>

#include <ctime>

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
    EXPECT_EQ(expand_file_name(literal_file_name(name), 12), name);
  }
}

TEST(OptionList, AFileNameExpandsAsInTheRuntime) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  setenv("NAME_FOR_TEST", "value", 1);
  EXPECT_EQ(expand_file_name("v.%p.%h.%q{NAME_FOR_TEST}", 12),
            std::string("v.12.") + host + ".value");
  EXPECT_EQ(expand_file_name("%q{NO_SUCH_NAME_FOR_TEST}%x%", 12), "%x%");
  EXPECT_EQ(expand_file_name("%q{", 12), "{");
  const std::time_t before = std::time(nullptr);
  const long expanded = std::stol(expand_file_name("%t", 12));
  EXPECT_GE(expanded, before);
  EXPECT_LE(expanded, std::time(nullptr));
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
