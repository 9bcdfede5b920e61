// Publishing from end to end: exit codes, files, one reporter, small stacks, signals left alone.
#include "integrity/report.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/compiler.h"
#include "base/text_sink.h"
#include "integrity/report_guard.h"
#include "integrity/run_child_for_test.h"
#include "integrity/schema_for_test.h"
#include "integrity/suppressions.h"

namespace hakmem {
namespace {

/// The children's: no symbolizer unless a test asks, so that tests stay short.
constexpr Options kQuickOptions{.symbolize = false};
constinit Options report_options = kQuickOptions;

HAK_NOINLINE void find_and_end(Violation violation) {
  Finding& finding = begin_finding(violation);
  finding.detected.known = true;
  capture_stack(StackMethod::Safe, 16, 0, finding.detected.stack);
  publish_finding(true);
}

class Report : public testing::Test {
 protected:
  Report() { set_report_context({&report_options, 4}); }
  ~Report() override { report_options = kQuickOptions; }
};

TEST_F(Report, EveryViolationEndsWithTheCodeOfItsFault) {
  for (const ViolationRow& row : kViolationTable) {
    const ChildRun run = run_child([&row] { find_and_end(row.violation); });
    int code = row.fault == Fault::Hakmem ? 87 : 86;
    if (row.violation == Violation::kLeak) code = 90;
    EXPECT_TRUE(run.exited_with(code)) << row.identifier << " " << run.status;
    EXPECT_EQ(count_of(run.errors, "━━ HAKMEM ━━ "), 1u);
    EXPECT_TRUE(run.says("SUMMARY: HAKMEM: ")) << run.errors;
  }
}

TEST_F(Report, TheExitCodeOptionChangesTheProgramsFaultsAlone) {
  report_options.exitcode = 3;
  EXPECT_TRUE(run_child([] { find_and_end(Violation::kDoubleFree); }).exited_with(3));
  EXPECT_TRUE(run_child([] { find_and_end(Violation::kCounterBroken); }).exited_with(87));
  EXPECT_TRUE(run_child([] { find_and_end(Violation::kLeak); }).exited_with(90));
}

TEST_F(Report, WritesTextFileAndVerdictWithOneToken) {
  const TestFolder folder;
  TextSink(report_options.report.bytes, kOptionTextMax).text(folder.file("hk.%p").c_str());
  TextSink(report_options.verdict.bytes, kOptionTextMax).text(folder.file("verdict").c_str());
  report_options.symbolize = true;
  const ChildRun run = run_child([] { find_and_end(Violation::kOverflow); });
  ASSERT_TRUE(run.exited_with(86)) << run.errors;
  const std::string verdict = TestFolder::content(folder.file("verdict"));
  const std::string process = verdict.substr(0, verdict.find(' '));
  const auto report =
      nlohmann::json::parse(TestFolder::content(folder.file("hk." + process + "/report.json")));
  for (const std::string& error : ReportSchema().errors_of(report)) ADD_FAILURE() << error;
  const std::string token = report["findings"][0]["dedup"];
  EXPECT_EQ(verdict, process + " 86 HK103 " + token + "\n");
  EXPECT_TRUE(run.says("dedup " + token));
  EXPECT_TRUE(run.says("  report " + folder.file("hk." + process + "/report.json") + "\n"));
  EXPECT_TRUE(run.says(report["findings"][0]["summary"].get<std::string>()));
  EXPECT_NE(report["findings"][0]["events"][0]["stack"][0].value("build_id", ""), "");
}

TEST_F(Report, ABadFolderCostsOneLineAndTheTextIsWhole) {
  TextSink(report_options.report.bytes, kOptionTextMax).text("/proc/no/such");
  const ChildRun run = run_child([] { find_and_end(Violation::kDoubleFree); });
  EXPECT_TRUE(run.exited_with(86));
  EXPECT_EQ(count_of(run.errors, "HAKMEM: no report file"), 1u) << run.errors;
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free"));
}

HAK_NOINLINE void find_deeper() {
  find_and_end(Violation::kDoubleFree);
  asm volatile("" ::: "memory");  // no tail call
}

/// With find_deeper and find_and_end the three frames that the token is made of.
HAK_NOINLINE std::string token_of_a_run() {
  const ChildRun run = run_child([] { find_deeper(); });
  return run.errors.substr(run.errors.find("dedup "), 6 + 22);
}

TEST_F(Report, OneStackHasOneTokenInEveryProcess) {
  const std::string tokens[2] = {token_of_a_run(), token_of_a_run()};
  EXPECT_EQ(tokens[0].size(), 28u);
  EXPECT_EQ(tokens[0], tokens[1]);
}

TEST_F(Report, TwoThreadsThatFailAtOnceMakeOneReport) {
  for (int round = 0; round < 20; ++round) {
    const ChildRun run = run_child([] {
      std::atomic<int> ready{0};
      const auto fail = [&ready](Violation violation) {
        ++ready;
        while (ready.load() != 2) std::this_thread::yield();
        find_and_end(violation);
      };
      std::thread first(fail, Violation::kDoubleFree), second(fail, Violation::kOverflow);
      first.join();
      second.join();
    });
    EXPECT_TRUE(run.exited_with(86)) << run.status;
    EXPECT_EQ(count_of(run.errors, "━━ HAKMEM ━━ "), 1u) << run.errors;
    EXPECT_EQ(count_of(run.errors, "SUMMARY: "), 1u);
  }
}

TEST_F(Report, ThreadsThatGiveTheReporterBackAllGetTheirTurn) {
  constexpr int kThreads = 4, kEach = 5;
  const ChildRun run = run_child([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < kEach; ++i) {
          begin_finding(Violation::kLeak);
          publish_finding(false);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    _exit(findings_published() == kThreads * kEach ? worst_exit_code() : 1);
  });
  EXPECT_TRUE(run.exited_with(90)) << run.status;
  EXPECT_EQ(count_of(run.errors, "SUMMARY: HAKMEM: leak"), 20u);
}

TEST_F(Report, TheWorstCodeIsOursThenTheProgramsThenALeak) {
  const ChildRun run = run_child([] {
    if (worst_exit_code() != 0) _exit(1);
    const auto find = [](Violation violation) {
      begin_finding(violation);
      publish_finding(false);
      return worst_exit_code();
    };
    if (find(Violation::kLeak) != 90 || find(Violation::kOverflow) != 86) _exit(2);
    if (find(Violation::kLeak) != 86 || find(Violation::kCounterBroken) != 87) _exit(3);
    _exit(find(Violation::kOverflow) == 87 ? 0 : 4);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status;
}

void count_signal(int) { _exit(4); }

/// A finding that the program may survive: one bug for each violation.
void find_and_go_on(Violation violation) {
  begin_finding(violation);
  publish_recoverable();
}

TEST_F(Report, AProgramThatGoesOnIsToldOfEachBugOnceAndOfTheRestAtTheEnd) {
  report_options.halt_on_error = false;
  const ChildRun run = run_child([] {
    constexpr Violation kOne = Violation::kOverflow, kOther = Violation::kUnderflow;
    for (const Violation violation : {kOne, kOther, kOne, kOne, kOther}) find_and_go_on(violation);
    tell_findings();
    const bool counted = findings_published() == 2 && worst_exit_code() == exit_code::kHeapError;
    forget_findings_after_fork();
    _exit(counted && findings_published() == 0 && worst_exit_code() == 0 ? 7 : 1);
  });
  EXPECT_TRUE(run.exited_with(7)) << run.status << run.errors;
  EXPECT_EQ(count_of(run.errors, "SUMMARY: HAKMEM: "), 2u) << run.errors;
  EXPECT_TRUE(run.says(" was seen 2 more times")) << run.errors;
  EXPECT_TRUE(run.says(" was seen 1 more time\n")) << run.errors;
}

TEST_F(Report, SoManyFindingsAsTheProgramMaySurviveEndIt) {
  report_options.halt_on_error = false;
  report_options.max_errors = 3;
  const ChildRun run = run_child([] {
    for (const Violation violation :
         {Violation::kOverflow, Violation::kUnderflow, Violation::kMismatch,
          Violation::kDoubleFree}) {
      find_and_go_on(violation);
    }
  });
  EXPECT_TRUE(run.exited_with(exit_code::kHeapError)) << run.status;
  EXPECT_EQ(count_of(run.errors, "SUMMARY: HAKMEM: "), 3u) << run.errors;
  EXPECT_TRUE(run.says("ended after 3 findings (option max_errors)")) << run.errors;
}

TEST_F(Report, SuppressedFindingsEndNothing) {
  constexpr std::string_view kAll = "HK103:*\n";
  const ChildRun run = run_child([&] {
    report_options.verbosity = 1;
    if (!parse_suppressions(kAll.data(), kAll.size()).ok()) _exit(1);
    for (unsigned i = 0; i < 3; ++i) find_and_go_on(Violation::kOverflow);
    const bool counted = findings_published() == 0 && worst_exit_code() == 0;
    tell_findings();
    _exit(counted ? 7 : 1);
  });
  EXPECT_TRUE(run.exited_with(7)) << run.status << run.errors;
  EXPECT_FALSE(run.says("SUMMARY")) << run.errors;
  EXPECT_TRUE(run.says("3 findings were suppressed")) << run.errors;
}

TEST_F(Report, OnDemandTheProcessAborts) {
  report_options.abort = true;
  EXPECT_TRUE(run_child([] { find_and_end(Violation::kDoubleFree); }).killed_by(SIGABRT));
}

TEST_F(Report, OneThatDoesNotEndTheProcessLeavesSignalsAsTheyWere) {
  report_options.symbolize = true;
  const ChildRun run = run_child([] {
    struct sigaction action {};
    action.sa_handler = count_signal;
    sigaction(SIGCHLD, &action, nullptr);  // the symbolizer must not be a child of the program's
    sigaction(SIGSEGV, &action, nullptr);
    sigset_t before, after;
    stack_t stack_before{}, stack_after{};
    sigaltstack(nullptr, &stack_before);
    sigprocmask(SIG_SETMASK, nullptr, &before);
    Finding& finding = begin_finding(Violation::kLeak);
    finding.detected.known = true;
    capture_stack(StackMethod::Safe, 16, 0, finding.detected.stack);
    publish_finding(false);
    sigprocmask(SIG_SETMASK, nullptr, &after);
    struct sigaction now {};
    sigaction(SIGSEGV, nullptr, &now);
    sigaltstack(nullptr, &stack_after);
    if (now.sa_handler != count_signal) _exit(1);
    if (std::memcmp(&before, &after, sizeof(std::uint64_t)) != 0) _exit(2);
    if (stack_after.ss_flags != stack_before.ss_flags) _exit(3);
    if (stack_after.ss_sp != stack_before.ss_sp) _exit(3);
    _exit(waitpid(-1, nullptr, WNOHANG) == -1 ? 0 : 5);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status << run.errors;
}

void find_in_handler(int) { find_and_end(Violation::kDoubleFree); }

TEST_F(Report, WorksInASignalHandlerOnASmallAlternateStack) {
  const ChildRun run = run_child([] {
    alignas(16) static char stack_bytes[8 * kKiB];
    stack_t stack{};
    stack.ss_sp = stack_bytes;
    stack.ss_size = sizeof stack_bytes;
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = find_in_handler;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, nullptr);
    raise(SIGUSR1);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free")) << run.errors;
}

TEST_F(Report, UsesAQuarterOfItsOwnStackAtMost) {
  report_options.symbolize = true;
  const ChildRun run = run_child([] {
    Finding& finding = begin_finding(Violation::kLeak);
    finding.detected.known = true;
    capture_stack(StackMethod::Safe, kStackFramesMax, 0, finding.detected.stack);
    publish_finding(false);
    const std::size_t used = report_stack_used_for_test();
    _exit(used > 0 && used <= kReportStackBytes / 4 ? 0 : 1);
  });
  EXPECT_TRUE(run.exited_with(0)) << run.status;
}

TEST_F(Report, ThreadNamesComeFromTheKernel) {
  const ChildRun run = run_child([] {
    std::thread([] {
      pthread_setname_np(pthread_self(), "flusher");
      Finding& finding = begin_finding(Violation::kDoubleFree);
      finding.detected.known = true;
      finding.detected.thread_id = static_cast<std::uint32_t>(gettid());
      publish_finding(true);
    }).join();
  });
  EXPECT_TRUE(run.says("\"flusher\".\n")) << run.errors;
}

TEST_F(Report, ANoteIsOneLine) {
  EXPECT_EQ(run_child([] { note_line("a message"); }).errors, "HAKMEM: a message\n");
  const std::string longer(5000, 'x');
  const std::string errors = run_child([&longer] { note_line(longer.c_str()); }).errors;
  EXPECT_TRUE(errors.ends_with("x\n"));
  EXPECT_GT(errors.size(), 1024u);
  EXPECT_EQ(count_of(errors, "\n"), 1u);
}

}  // namespace
}  // namespace hakmem
