// What happens while a report is written: faults, aborts, findings and forks of it and of others.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "base/text_sink.h"
#include "integrity/report.h"
#include "integrity/report_for_test.h"
#include "integrity/run_child_for_test.h"

namespace hakmem {
namespace {

/// The children's: no symbolizer, so that tests stay short.
constexpr Options kFaultOptions{.symbolize = false};
constinit Options quick_options = kFaultOptions;

void fault_and_end(Violation violation) {
  begin_finding(violation);
  publish_finding(true);
}

class ReportFaultTest : public testing::Test {
 protected:
  ReportFaultTest() { set_report_context({&quick_options, 4}); }
  ~ReportFaultTest() override { quick_options = kFaultOptions; }
};

void fault_now(const Finding&) {
  Address nowhere = 0x10;
  asm("" : "+r"(nowhere));  // the compiler would see the fault coming
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

TEST_F(ReportFaultTest, AFaultInsideTheReportLeavesOneLineTheVerdictAndTheRightCode) {
  const TestFolder folder;
  TextSink(quick_options.verdict.bytes, kOptionTextMax).text(folder.file("verdict").c_str());
  const ChildRun run = run_child([] {
    set_report_hook_for_test(fault_now);
    fault_and_end(Violation::kFreelistBroken);
  });
  EXPECT_TRUE(run.exited_with(87)) << run.status;
  EXPECT_TRUE(run.says("HAKMEM: HK901 freelist cycle or foreign node: the report was cut short by "
                       "signal 11 at 0x10\n"))
      << run.errors;
  EXPECT_FALSE(run.says("SUMMARY"));
  EXPECT_TRUE(TestFolder::content(folder.file("verdict")).ends_with(" 87 HK901 HK901-"
                                                                    "0000000000000000\n"));
}

TEST_F(ReportFaultTest, AFaultWhileTheHeapIsDrawnCostsThePictureAlone) {
  const TestFolder folder;
  TextSink(quick_options.report.bytes, kOptionTextMax).text(folder.file("hk").c_str());
  const DrawHeap draw = [](Finding& finding, HeapPicture& picture) noexcept {
    finding.before.known = picture.slab.known = picture.sizes.known = true;
    picture.timeline.count = 1;
    fault_now(finding);
  };
  set_report_context({&quick_options, 4, draw});
  const ChildRun run = run_child([] { fault_and_end(Violation::kFreelistBroken); });
  EXPECT_TRUE(run.exited_with(87)) << run.status;
  EXPECT_EQ(count_of(run.errors, "━━ HAKMEM ━━ "), 1u);
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: freelist-cycle")) << run.errors;
  EXPECT_FALSE(run.says("cut short") || run.says("prev"));
  const std::string report = TestFolder::content(folder.file("hk/report.json"));
  EXPECT_NE(report.find("HK901"), std::string::npos);
  for (const char* key : {"heap_map", "timeline", "size_histogram"}) {
    EXPECT_EQ(report.find(key), std::string::npos) << key;
  }
}

TEST_F(ReportFaultTest, AFaultBehindOneWhileTheHeapIsDrawnLeavesOneLine) {
  const DrawHeap draw = [](Finding& finding, HeapPicture&) noexcept {
    finding.block.known = true;
    finding.block.state = reinterpret_cast<const char*>(Address{0x10});
    fault_now(finding);
  };
  set_report_context({&quick_options, 4, draw});
  const ChildRun run = run_child([] { fault_and_end(Violation::kDoubleFree); });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("the report was cut short by signal 11 at 0x10\n")) << run.errors;
}

TEST_F(ReportFaultTest, AnAbortInsideTheReportDoesTheSame) {
  const ChildRun run = run_child([] {
    set_report_hook_for_test([](const Finding&) { abort(); });
    fault_and_end(Violation::kDoubleFree);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("cut short by signal 6")) << run.errors;
}

TEST_F(ReportFaultTest, AFindingInsideTheReportLeavesOneLine) {
  const ChildRun run = run_child([] {
    set_report_hook_for_test([](const Finding&) { fault_and_end(Violation::kOverflow); });
    fault_and_end(Violation::kDoubleFree);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("HK101 double free: the report was cut short by a second finding\n"));
  EXPECT_EQ(count_of(run.errors, "━━ HAKMEM ━━ "), 1u);
}

TEST_F(ReportFaultTest, AFaultOfAnotherThreadWaitsForTheReport) {
  static std::atomic<bool> faulting{false};
  const ChildRun run = run_child([] {
    set_report_hook_for_test([](const Finding& finding) {
      static std::thread other([&finding] {
        faulting = true;
        fault_now(finding);
      });
      while (!faulting) std::this_thread::yield();
    });
    fault_and_end(Violation::kDoubleFree);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free")) << run.errors;
  EXPECT_FALSE(run.says("cut short"));
}

TEST_F(ReportFaultTest, AForkWhileAnotherThreadReportsCanReportToo) {
  static std::atomic<bool> forked{false};
  const ChildRun run = run_child([] {
    set_report_hook_for_test([](const Finding&) {
      if (forked.exchange(true)) return;
      std::thread([] {
        const pid_t child = fork();
        if (child == 0) fault_and_end(Violation::kOverflow);
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 86) _exit(1);
      }).join();
    });
    fault_and_end(Violation::kCounterBroken);
  });
  EXPECT_TRUE(run.exited_with(87)) << run.status << run.errors;
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: overflow"));
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: counter-equation-broken"));
}

TEST_F(ReportFaultTest, WhoeverEndsTheProcessCanWaitForTheReport) {
  static std::atomic<bool> reporting{false};
  const ChildRun run = run_child([] {
    wait_while_reporting();  // nobody does
    set_report_hook_for_test([](const Finding&) { reporting = true; });
    std::thread([] { fault_and_end(Violation::kDoubleFree); }).detach();
    while (!reporting) std::this_thread::yield();
    wait_while_reporting();
    _exit(5);
  });
  EXPECT_TRUE(run.exited_with(86)) << run.status;
  EXPECT_TRUE(run.says("SUMMARY: HAKMEM: double-free")) << run.errors;
}

}  // namespace
}  // namespace hakmem
