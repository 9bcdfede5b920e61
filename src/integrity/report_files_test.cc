// File names expand, report.json is whole after each finding, and a bad folder costs one line.
#include "integrity/report_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "integrity/run_child_for_test.h"
#include "integrity/sample_finding_for_test.h"
#include "integrity/schema_for_test.h"

namespace hakmem {
namespace {

std::string expanded(const char* pattern) {
  char text[1024];
  TextSink sink(text, sizeof text);
  expand_file_name(sink, pattern);
  return text;
}

TEST(ReportFileName, ProcessHostVariableAndPercentExpand) {
  char host[256] = {};
  ASSERT_EQ(gethostname(host, sizeof host - 1), 0);
  setenv("HAKMEM_TEST_WORD", "word", 1);
  EXPECT_EQ(expanded("a.%p.b"), "a." + std::to_string(getpid()) + ".b");
  EXPECT_EQ(expanded("%h"), host);
  EXPECT_EQ(expanded("%q{HAKMEM_TEST_WORD}/%q{HAKMEM_NOT_SET}x"), "word/x");
  EXPECT_EQ(expanded("100%%"), "100%");
  EXPECT_GE(std::stoll(expanded("%t")), 1600000000);
  unsetenv("HAKMEM_TEST_WORD");
}

TEST(ReportFileName, WhatIsNoSequenceStays) {
  EXPECT_EQ(expanded("%"), "%");
  EXPECT_EQ(expanded("%z"), "%z");
  EXPECT_EQ(expanded("%q{open"), "{open");
  EXPECT_EQ(expanded(""), "");
}

TEST(ReportFile, IsValidAfterEachFindingAndHasAllOfThem) {
  const TestFolder folder;
  const std::string pattern = folder.file("deep/er/hk.%p");
  const auto sample = sample_finding();
  for (unsigned wanted = 1; wanted <= 3; ++wanted) {
    const ChildRun run = run_child([&] {
      if (*prepare_report_file(pattern.c_str()) == '\0') _exit(2);
      for (unsigned i = 0; i < wanted; ++i) {
        sample->finding.violation = i == 0 ? Violation::kDoubleFree : Violation::kOverflow;
        if (!append_report_json(4, sample->finding, sample->stacks, sample->picture, 86, i)) {
          _exit(3);
        }
      }
    });
    ASSERT_TRUE(run.exited_with(0)) << run.errors;
  }
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("deep/er"))) {
    const auto report = nlohmann::json::parse(TestFolder::content(entry.path() / "report.json"));
    for (const std::string& error : ReportSchema().errors_of(report)) ADD_FAILURE() << error;
    EXPECT_EQ(entry.path().filename(), "hk." + report["pid"].dump());
    EXPECT_EQ(report["findings"][0]["id"], "HK101");
    EXPECT_EQ(report["findings"].back()["dedup"].get<std::string>().back(),
              static_cast<char>('0' + report["findings"].size() - 1));
    ++files;
  }
  EXPECT_EQ(files, 3u);
}

TEST(ReportFile, NothingIsLeftOfALongerTail) {
  const TestFolder folder;
  const std::string pattern = folder.file("hk");
  const ChildRun run = run_child([&] {
    const auto sample = sample_finding();
    sample->add_picture();
    sample->picture.timeline.count = MemoryTimeline::kSamplesMax;
    if (*prepare_report_file(pattern.c_str()) == '\0') _exit(2);
    for (const std::uint32_t samples : {MemoryTimeline::kSamplesMax, 1u, 2u}) {
      sample->picture.timeline.count = samples;
      if (!append_report_json(4, sample->finding, sample->stacks, sample->picture, 86, samples)) {
        _exit(3);
      }
    }
  });
  ASSERT_TRUE(run.exited_with(0)) << run.errors;
  const auto report = nlohmann::json::parse(TestFolder::content(folder.file("hk/report.json")));
  for (const std::string& error : ReportSchema().errors_of(report)) ADD_FAILURE() << error;
  EXPECT_EQ(report["findings"].size(), 3u);
  EXPECT_EQ(report["timeline"]["ms"].size(), 2u);
}

TEST(ReportFile, AFolderThatCannotBeMadeCostsOneLine) {
  const ChildRun run = run_child([] {
    if (*prepare_report_file("/proc/no/such") != '\0') _exit(2);
    if (*prepare_report_file("/proc/no/such") != '\0') _exit(3);
    const auto sample = sample_finding();
    if (append_report_json(4, sample->finding, sample->stacks, sample->picture, 86, 1)) _exit(4);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status;
  EXPECT_EQ(run.errors,
            "HAKMEM: no report file, it cannot be made: /proc/no/such/report.json\n");
}

TEST(Verdict, EachFindingAppendsOneLine) {
  const TestFolder folder;
  const std::string path = folder.file("verdict");
  EXPECT_TRUE(append_verdict(path.c_str(), Violation::kDoubleFree, 86, 0x1234));
  EXPECT_TRUE(append_verdict(path.c_str(), Violation::kFreelistBroken, 87, ~std::uint64_t{0}));
  const std::string process = std::to_string(getpid());
  EXPECT_EQ(TestFolder::content(path), process + " 86 HK101 HK101-0000000000001234\n" + process +
                                           " 87 HK901 HK901-ffffffffffffffff\n");
}

TEST(Verdict, AFileThatCannotBeWrittenCostsOneLine) {
  const ChildRun run = run_child([] {
    _exit(append_verdict("/proc/no/verdict", Violation::kLeak, 90, 1) ? 2 : 0);
  });
  EXPECT_TRUE(run.exited_with(0));
  EXPECT_EQ(run.errors, "HAKMEM: no verdict, the file cannot be written: /proc/no/verdict\n");
}

}  // namespace
}  // namespace hakmem
