#include "tools/report_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/report_sample_for_test.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

/// What is said of a name that cannot be read, which must be a failure of ours (125).
std::string complaint(const fs::path& name) {
  try {
    read_reports({name.string()});
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_status(), exit_code::kHakmemFailed);
    return error.what();
  }
  ADD_FAILURE() << name << " was read";
  return {};
}

TEST(ReportInput, AFolderStandsForItsReportsInTheOrderOfTheirProcesses) {
  const ScratchFolder scratch;
  for (const int pid : {10, 9, 100}) {
    scratch.write("hk." + std::to_string(pid) + "/report.json", sample_report(pid).dump());
  }
  scratch.write("report.json", sample_report(7).dump());
  scratch.write("other/report.json", "no report");
  scratch.write("hk.txt", "no folder");
  fs::create_directories(scratch.path() / "hk.11");
  std::vector<std::int64_t> pids;
  for (const Report& report : read_reports({scratch.path().string()})) {
    pids.push_back(report.processes[0].pid.value());
  }
  EXPECT_EQ(pids, (std::vector<std::int64_t>{7, 9, 10, 100}));
}

TEST(ReportInput, AFolderWithoutReportsIsACleanRun) {
  const ScratchFolder scratch;
  EXPECT_TRUE(read_reports({scratch.path().string()}).empty());
}

TEST(ReportInput, AFileNamedTwiceIsReadOnce) {
  const ScratchFolder scratch;
  const fs::path file = scratch.write("hk.9/report.json", sample_report(9).dump());
  EXPECT_EQ(
      read_reports({file.string(), file.parent_path().string(), scratch.path().string()}).size(),
      1u);
}

TEST(ReportInput, WhatIsNotThereOrCannotBeReadIsNamedWithARemedy) {
  const ScratchFolder scratch;
  for (const fs::path& name : {scratch.path() / "absent", scratch.write("a", "x") / "below",
                               scratch.write("b/report.json/x", "").parent_path().parent_path()}) {
    const std::string said = complaint(name);
    EXPECT_NE(said.find(name.string()), std::string::npos) << said;
    EXPECT_NE(said.find("; name a"), std::string::npos) << said;
  }
  if (geteuid() == 0) return;  // root reads everything
  const fs::path secret = scratch.write("secret.json", sample_report().dump());
  chmod(secret.c_str(), 0);
  EXPECT_NE(complaint(secret).find("Permission denied"), std::string::npos);
}

TEST(ReportInput, AMalformedFileIsNamedWithItsPlaceAndTheRemedy) {
  const ScratchFolder scratch;
  const fs::path empty = scratch.write("hk.1/report.json", "");
  EXPECT_NE(complaint(empty).find("empty; name a report.json; if the run was killed"),
            std::string::npos);
  const std::string whole = sample_report().dump();
  const fs::path cut = scratch.write("cut.json", whole.substr(0, whole.size() / 2));
  EXPECT_NE(complaint(cut).find(cut.string() + ": this is no report of HAKMEM: no JSON at byte"),
            std::string::npos);
}

TEST(ReportInput, AHostileFileNameDoesNotReachTheTerminal) {
  const ScratchFolder scratch;
  const std::string said = complaint(scratch.write("\x1b[2J.json", "{"));
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  EXPECT_NE(said.find("\\x1b[2J.json"), std::string::npos);
}

}  // namespace
}  // namespace hakmem::tools
