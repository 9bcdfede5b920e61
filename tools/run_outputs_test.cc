// The files that `hakmem run` and `hakmem report` write, from outside, by the real program.
// The ids here stand in no table, so that no real error counts as tested by this file.
#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/environment.h"
#include "tools/installation_for_test.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlanted = "86 HK198 HK198-0123456789abcdef";
constexpr const char* kAllForms =
    "$HAKMEM run -o out --json f/a.json --sarif f/a.sarif --junit f/a.xml --html f/a.html -- ";

class RunOutputsTest : public Installation {
 protected:
  Json json_of(const std::string& name) { return Json::parse(read_text(work() / name)); }
  bool has(const std::string& name, const std::string& part) {
    return read_text(work() / name).find(part) != std::string::npos;
  }
};

TEST_F(RunOutputsTest, AFindingIsInEveryForm) {
  plant("true", kPlanted);
  EXPECT_EQ(status(std::string(kAllForms) + "true"), exit_code::kHeapError);
  EXPECT_EQ(json_of("f/a.json")["findings"][0]["id"], "HK198");
  EXPECT_EQ(json_of("f/a.sarif")["runs"][0]["results"][0]["ruleId"], "HK198");
  EXPECT_TRUE(has("f/a.xml", "failures=\"1\" errors=\"0\""));
  EXPECT_TRUE(has("f/a.html", "<p class=\"sentence\">Planted.</p>"));
}

TEST_F(RunOutputsTest, ACleanRunIsCleanInEveryFormAndReplacesAnEarlierOne) {
  for (const char* name : {"f/a.json", "f/a.sarif", "f/a.xml", "f/a.html"}) {
    home_.write(std::string("work/") + name, "of an earlier run");
  }
  EXPECT_EQ(status(std::string(kAllForms) + "sh -c 'exit 3'"), 3);
  EXPECT_TRUE(json_of("f/a.json")["findings"].empty());
  EXPECT_TRUE(json_of("f/a.sarif")["runs"][0]["results"].empty());
  EXPECT_TRUE(has("f/a.xml", "tests=\"1\" failures=\"0\" errors=\"0\""));
  EXPECT_TRUE(has("f/a.html", "no findings"));
}

TEST_F(RunOutputsTest, ADashIsStandardOutputAndNoFile) {
  home_.write("work/-", "a file of the user's");
  const std::string xml = shell("$HAKMEM run --junit - -- echo first").output;
  EXPECT_TRUE(xml.starts_with("first\n<?xml ")) << xml;
  EXPECT_TRUE(has("-", "a file of the user's"));
}

TEST_F(RunOutputsTest, FindingsOfAllProcessesAreMerged) {
  plant("true", kPlanted);
  EXPECT_EQ(status("$HAKMEM run -o out --json a.json -- sh -c '/bin/true; /bin/true; exit 0'"),
            exit_code::kHeapError);
  const Json merged = json_of("a.json");
  ASSERT_EQ(merged["findings"].size(), 1u);
  EXPECT_EQ(merged["findings"][0]["count"], 2);
  EXPECT_EQ(merged["processes"].size(), 2u);
}

TEST_F(RunOutputsTest, AFileNameHasTheProgramsProcessAndTheHost) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  EXPECT_EQ(shell("$HAKMEM run --junit '%p-%h-%%.xml' -- sh -c 'echo $$ > pid'").end.value, 0);
  const std::string pid = read_text(work() / "pid");
  EXPECT_TRUE(fs::exists(work() / (pid.substr(0, pid.size() - 1) + "-" + host + "-%.xml")));
}

TEST_F(RunOutputsTest, AFindingWithoutAReportIsNoPass) {
  plant("true", kPlanted);
  set_variable(environment_, "NO_REPORT_FOR_TEST", "1");
  EXPECT_EQ(status(std::string(kAllForms) + "true"), exit_code::kHeapError);
  EXPECT_TRUE(has("f/a.xml", "failures=\"0\" errors=\"2\""));
  EXPECT_TRUE(has("f/a.xml", "found HK198 (HK198-0123456789abcdef), but no report has it"));
  EXPECT_EQ(json_of("f/a.sarif")["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

TEST_F(RunOutputsTest, ATimeoutAndADeathBySignalAreNoPass) {
  EXPECT_EQ(status("$HAKMEM run --timeout 0.2 --junit a.xml -- sh -c 'while :; do :; done'"),
            exit_code::kTimeout);
  EXPECT_TRUE(has("a.xml", "the time limit was reached"));
  EXPECT_EQ(status("$HAKMEM run --junit a.xml -- sh -c 'kill -SEGV $$'"), 128 + SIGSEGV);
  EXPECT_TRUE(has("a.xml", "killed by signal 11 without a finding"));
}

TEST_F(RunOutputsTest, AnOutputThatCannotBeWrittenIsSaidBeforeTheRun) {
  const Captured captured = shell("$HAKMEM run --sarif /dev/null/x.sarif -- sh -c '>ran'");
  EXPECT_EQ(captured.end.value, exit_code::kHakmemFailed);
  EXPECT_NE(captured.output.find("/dev/null/x.sarif of --sarif cannot be written"),
            std::string::npos)
      << captured.output;
  EXPECT_FALSE(fs::exists(work() / "ran"));
  EXPECT_EQ(status("$HAKMEM run --html . -- true"), exit_code::kHakmemFailed);
}

TEST_F(RunOutputsTest, AFindingOutranksAnOutputThatCannotBeWritten) {
  plant("true", kPlanted);
  EXPECT_EQ(status("$HAKMEM run -o out --json f/a.json -- sh -c 'true; rm -r f; >f; /bin/true'"),
            exit_code::kHeapError);
  plant("true", "");
  EXPECT_EQ(status("$HAKMEM run --json g/a.json -- sh -c 'rm -r g; >g'"), exit_code::kHakmemFailed);
}

TEST_F(RunOutputsTest, AProcessThatOutlivesTheProgramIsFollowedWhenAsked) {
  plant("true", kPlanted);
  // The one left behind has a session of its own and goes on once the program has been waited for.
  home_.write("work/late", "while kill -0 $1; do :; done 2> /dev/null; exec /bin/true\n");
  EXPECT_EQ(status("$HAKMEM run -o out --follow-children -- sh -c 'setsid sh late $$ & exit 0'"),
            exit_code::kHeapError);
}

TEST_F(RunOutputsTest, ATimeoutEndsThoseThatAreFollowedToo) {
  home_.write("work/stubborn", "trap : TERM; echo $$ > left; while :; do :; done\n");
  EXPECT_EQ(status("$HAKMEM run --timeout 3 --follow-children -- "
                   "sh -c 'setsid sh stubborn & while [ ! -s left ]; do :; done'"),
            exit_code::kTimeout);
  EXPECT_NE(kill(std::stoi(read_text(work() / "left")), 0), 0);
}

class ReportCommand : public RunOutputsTest {
 protected:
  void SetUp() override {
    RunOutputsTest::SetUp();
    home_.write("work/old/hk.1/report.json", report_with(1, {1, 2}).dump());
    home_.write("work/new/hk.2/report.json", report_with(2, {2, 3}).dump());
    home_.write("work/new/hk.3/report.json", report_with(3, {3}).dump());
    home_.write("work/bad/hk.4/report.json", "{\"tool\":");
    fs::create_directories(work() / "clean");
  }
  static Json report_with(int pid, std::initializer_list<int> numbers) {
    Json findings = Json::array();
    for (const int number : numbers) findings.push_back(sample_finding(102, number));
    return sample_report(pid, findings);
  }
};

TEST_F(ReportCommand, TextIsTheDefault) {
  const Captured captured = shell("$HAKMEM report new");
  EXPECT_EQ(captured.end.value, 0);
  EXPECT_NE(captured.output.find("2 findings, seen 3 times in 2 reports"), std::string::npos);
  EXPECT_EQ(captured.output, shell("$HAKMEM report --text new").output);
}

TEST_F(ReportCommand, JsonGoesToStandardOutputAndIsReadAgain) {
  ASSERT_EQ(status("$HAKMEM report new --json > merged.json"), 0);
  EXPECT_EQ(json_of("merged.json")["findings"].size(), 2u);
  EXPECT_EQ(shell("$HAKMEM report merged.json --json").output, read_text(work() / "merged.json"));
}

TEST_F(ReportCommand, FilesAreWrittenAndTextOnlyWhenAsked) {
  const std::string files = "$HAKMEM report new --sarif o/s --junit o/j --html o/h";
  EXPECT_EQ(shell(files).output, "");
  EXPECT_EQ(json_of("o/s")["version"], "2.1.0");
  EXPECT_TRUE(has("o/j", "<testsuites "));
  EXPECT_TRUE(has("o/h", "<!DOCTYPE html>"));
  EXPECT_NE(shell(files + " --text").output.find("2 findings"), std::string::npos);
  EXPECT_EQ(shell("$HAKMEM report new --junit -").output, read_text(work() / "o/j"));
}

TEST_F(ReportCommand, ADiffIsTextJsonOrSarif) {
  const std::string diff = shell("$HAKMEM report new --diff old").output;
  EXPECT_TRUE(diff.starts_with("1 new, 1 gone, 1 in both\n+ " + token(102, 3))) << diff;
  EXPECT_EQ(shell("$HAKMEM report new --diff new").output.substr(0, 25),
            "0 new, 0 gone, 2 in both\n");
  ASSERT_EQ(status("$HAKMEM report new --diff old --sarif s"), 0);
  EXPECT_EQ(json_of("s")["runs"][0]["results"][0]["baselineState"], "new");
  for (const char* form : {"--junit f", "--html f"}) {
    EXPECT_EQ(status(std::string("$HAKMEM report new --diff old ") + form), exit_code::kBadOption);
  }
}

TEST_F(ReportCommand, AFolderOfACleanRunHasNoFindings) {
  EXPECT_EQ(shell("$HAKMEM report clean").output, "no findings in 0 reports\n");
  EXPECT_NE(shell("$HAKMEM report clean --junit -").output.find("tests=\"1\" failures=\"0\""),
            std::string::npos);
}

TEST_F(ReportCommand, BadInputIsOurFailureAndNamed) {
  for (const auto& [line, said] : std::initializer_list<std::pair<const char*, const char*>>{
           {"$HAKMEM report absent", "absent: "},
           {"$HAKMEM report new absent", "absent: "},
           {"$HAKMEM report new --diff absent", "absent: "},
           {"$HAKMEM report bad", "bad/hk.4/report.json: this is no report of HAKMEM"},
           {"$HAKMEM report new --diff bad", "bad/hk.4/report.json: "},
           {"$HAKMEM report $HAKMEM", "bin/hakmem: this is no report of HAKMEM"},
           {"$HAKMEM report new --sarif new", "new of --sarif cannot be written"},
           {"$HAKMEM report new --html /dev/full",
            "/dev/full of --html cannot be written: No space"},
           {"$HAKMEM report new > /dev/full", "standard output cannot be written"}}) {
    const Captured captured = shell(line);
    EXPECT_EQ(captured.end.value, exit_code::kHakmemFailed) << line;
    EXPECT_NE(captured.output.find(said), std::string::npos) << line << ": " << captured.output;
  }
}

TEST_F(ReportCommand, BadOptionsAre64) {
  for (const char* line :
       {"$HAKMEM report", "$HAKMEM report new --sarfi f", "$HAKMEM report new --sarif",
        "$HAKMEM report new --text --json", "$HAKMEM report new --diff"}) {
    EXPECT_EQ(status(line), exit_code::kBadOption) << line;
  }
  EXPECT_NE(shell("$HAKMEM report new --sarfi f").output.find("'--sarif'"), std::string::npos);
}

}  // namespace
}  // namespace hakmem::tools
