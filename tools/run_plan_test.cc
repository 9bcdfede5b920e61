#include "tools/run_plan.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/option_list.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

int status_of(const RunRequest& request, const std::string& inherited) {
  try {
    make_run_plan(request, inherited, "/tmp/w");
  } catch (const CommandError& error) {
    return error.exit_status();
  }
  return 0;
}

TEST(RunPlan, TheCommandLineOutranksBothOptionLists) {
  RunRequest request;
  request.options = "exitcode=5:stack=fp:leaks=0";
  request.leaks = true;
  request.exit_status = 9;
  const RunPlan plan = make_run_plan(request, "exitcode=4:stack_frames=8", "/tmp/w");
  const Options options = parse_option_list(plan.options, "test");
  EXPECT_EQ(options.exitcode, 9u);
  EXPECT_TRUE(options.leaks);
  EXPECT_STREQ(options.stack.bytes, "fp");
  EXPECT_EQ(options.stack_frames, 8u);
  EXPECT_STREQ(options.verdict.bytes, "/tmp/w/verdict");
}

TEST(RunPlan, ReportsGoToTheCurrentFolderUnlessTold) {
  const RunPlan plan = make_run_plan({}, "", "/tmp/w");
  const Options options = parse_option_list(plan.options, "test");
  EXPECT_EQ(options.report.bytes, (fs::current_path() / "hk.%p").string());
  EXPECT_EQ(report_of(plan, 12), fs::current_path() / "hk.12/report.json");
}

TEST(RunPlan, TheOutputFolderIsMadeAndAbsolute) {
  const ScratchFolder scratch;
  RunRequest request;
  request.output_folder = (scratch.path() / "a:b" / "c").string();
  const RunPlan plan = make_run_plan(request, "report=/elsewhere", "/tmp/w");
  EXPECT_TRUE(fs::is_directory(request.output_folder));
  const Options options = parse_option_list(plan.options, "test");
  EXPECT_EQ(options.report.bytes, request.output_folder + "/hk.%p");
}

TEST(RunPlan, APercentSignInAFolderIsNoPattern) {
  const ScratchFolder scratch;
  RunRequest request;
  request.output_folder = (scratch.path() / "50%p").string();
  const RunPlan plan = make_run_plan(request, "", scratch.path() / "w%t");
  const Options options = parse_option_list(plan.options, "test");
  EXPECT_EQ(options.report.bytes, scratch.path().string() + "/50%%p/hk.%p");
  EXPECT_EQ(options.verdict.bytes, scratch.path().string() + "/w%%t/verdict");
  EXPECT_EQ(report_of(plan, 3), fs::path(request.output_folder) / "hk.3/report.json");
}

TEST(RunPlan, AFileOfSuppressionsIsNamedSoThatEveryFolderFindsIt) {
  RunRequest request;
  request.suppressions = "50%.rules";
  const RunPlan plan = make_run_plan(request, "suppressions=/old", "/tmp/w");
  const Options options = parse_option_list(plan.options, "test");
  EXPECT_EQ(options.suppressions.bytes, (fs::current_path() / "50%%.rules").string());
}

TEST(RunPlan, TheUsersOwnReportAndVerdictAreKept) {
  const RunPlan plan = make_run_plan({}, "report=/r/%p:verdict=/v", "/tmp/w");
  EXPECT_STREQ(parse_option_list(plan.options, "test").report.bytes, "/r/%p");
  EXPECT_EQ(plan.outer_verdict, "/v");
  EXPECT_EQ(report_of(plan, 12), "");
}

TEST(RunPlan, WhatCannotBeDoneIsABadOption) {
  for (std::string RunOutputs::*form :
       {&RunOutputs::json, &RunOutputs::sarif, &RunOutputs::junit, &RunOutputs::html}) {
    RunRequest request;
    request.outputs.*form = "file";
    EXPECT_EQ(status_of(request, ""), 0);
    EXPECT_EQ(status_of(request, "report=/r"), exit_code::kBadOption);
  }
  RunRequest unknown;
  unknown.options = "leeks=1";
  EXPECT_EQ(status_of(unknown, ""), exit_code::kBadOption);
  EXPECT_EQ(status_of({}, "leeks=1"), exit_code::kBadOption);
}

TEST(RunPlan, AnOutputFolderThatCannotBeMadeIsOurFailure) {
  RunRequest request;
  request.output_folder = "/dev/null/x";
  EXPECT_EQ(status_of(request, ""), exit_code::kHakmemFailed);
}

TEST(RunPlan, OurLibraryComesFirstAndOnlyOnce) {
  EXPECT_EQ(preload_value("/l/libhakmem_l4.so", "", "/w"), "/l/libhakmem_l4.so");
  EXPECT_EQ(preload_value("/l/libhakmem_l4.so", "/a.so /b.so:/c.so", "/w"),
            "/l/libhakmem_l4.so:/a.so:/b.so:/c.so");
  EXPECT_EQ(preload_value("/l/libhakmem_l4.so", "/a.so:/x/libhakmem.so", "/w"),
            "/l/libhakmem_l4.so:/a.so");
}

TEST(RunPlan, ALibraryWhosePathCannotBeNamedIsLinked) {
  for (const char* folder : {"with space", "with:colon", "with$dollar"}) {
    const ScratchFolder scratch, work;
    const fs::path library = scratch.write(std::string(folder) + "/libhakmem.so", "");
    const fs::path named = preload_value(library, "", work.path());
    EXPECT_EQ(named, work.path() / "libhakmem.so");
    EXPECT_EQ(fs::canonical(named), library);
  }
}

TEST(RunPlan, TheWorkFolderDisappears) {
  fs::path path;
  {
    const WorkFolder work;
    path = work.path();
    EXPECT_TRUE(fs::is_directory(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

class ProgramBegin : public testing::Test {
 protected:
  ProgramBegin() {
    command_.add_option("--level", level_);
    command_.add_option("-o", folder_);
    command_.add_flag("--leaks", leaks_);
  }
  std::size_t begin(const std::vector<std::string>& args) { return program_begin(command_, args); }

  CLI::App command_;
  int level_ = 0;
  std::string folder_;
  bool leaks_ = false;
};

TEST_F(ProgramBegin, IsBehindTheDoubleDash) {
  EXPECT_EQ(begin({"--", "prog"}), 1u);
  EXPECT_EQ(begin({"--level", "3", "--leaks", "--", "prog", "--", "x"}), 4u);
}

TEST_F(ProgramBegin, IsTheFirstWordThatIsNoOption) {
  EXPECT_EQ(begin({"prog", "--level", "3"}), 0u);
  EXPECT_EQ(begin({"--leaks", "prog", "--", "x"}), 1u);
  EXPECT_EQ(begin({"--level", "3", "prog"}), 2u);
  EXPECT_EQ(begin({"--level=3", "prog"}), 1u);
  EXPECT_EQ(begin({"-o", "dir", "prog"}), 2u);
  EXPECT_EQ(begin({"-odir", "prog"}), 1u);
}

TEST_F(ProgramBegin, IsTheEndWhenThereIsNone) {
  EXPECT_EQ(begin({}), 0u);
  EXPECT_EQ(begin({"--leaks"}), 1u);
  EXPECT_EQ(begin({"--leaks", "--"}), 2u);
  EXPECT_GE(begin({"--level"}), 1u);
}

}  // namespace
}  // namespace hakmem::tools
