#include "integrity/report.h"

#include <atomic>

#include "base/compiler.h"
#include "integrity/report_files.h"
#include "integrity/report_for_test.h"
#include "integrity/report_guard.h"
#include "integrity/report_text.h"
#include "integrity/thread_names.h"
#include "os/os.h"
#include "os/os_process.h"
#include "os/os_signal.h"

namespace hakmem {

namespace {

struct ReporterOrders {
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kTakeFailed = std::memory_order_relaxed;
  static constexpr std::memory_order kGive = std::memory_order_release;
  static constexpr std::memory_order kPeek = std::memory_order_relaxed;
  static constexpr std::memory_order kTally = std::memory_order_relaxed;
};

constexpr int kStandardError = 2;
constexpr std::size_t kTextBytes = 256 * kKiB;
constexpr unsigned kProcessShift = 32;

constinit ReportContext context{};
constinit const Options default_options{};
using Hook = void (*)(const Finding&);
constinit Hook test_hook = nullptr;

constinit std::atomic<std::uint64_t> shared_reporter{0};
constinit std::atomic<unsigned> shared_published{0};
constinit std::atomic<int> shared_worst{0};

// Everything below belongs to the owner of shared_reporter.
constinit Finding finding{};
constinit ResolvedFinding stacks{};
constinit char text[kTextBytes] = {};
constinit bool verdict_written = false;

const Options& options() noexcept {
  return context.options != nullptr ? *context.options : default_options;
}

std::uint64_t own_word() noexcept {
  return static_cast<std::uint64_t>(os::process_id()) << kProcessShift |
         static_cast<std::uint32_t>(os::thread_id());
}

void wait_for_change(std::uint64_t word) noexcept {
  // x86-64 is little-endian: the lower half, the thread, is at the word's address.
  os::wait_on(reinterpret_cast<const std::uint32_t*>(&shared_reporter),
              static_cast<std::uint32_t>(word));
}

void wake_next() noexcept {
  os::wake_one(reinterpret_cast<const std::uint32_t*>(&shared_reporter));
}

/// Leaves one line and the verdict behind, and ends the process as the first finding would have.
[[noreturn]] void end_inside_report(const char* what, int signal, Address address) noexcept {
  char line[256];
  TextSink sink(line, sizeof line);
  sink.text("HAKMEM: HK").decimal(static_cast<std::uint64_t>(id_of(finding.violation)));
  sink.text(" ").text(row_of(finding.violation).kind).text(": the report was cut short by ");
  sink.text(what);
  if (signal != 0) {
    sink.decimal(static_cast<std::uint64_t>(signal)).text(" at ").address(address);
  }
  sink.character('\n');
  os::write_all(kStandardError, line, sink.size());
  const int code = exit_code_for(finding.violation);
  if (!verdict_written && !options().verdict.empty()) {
    verdict_written = true;
    append_verdict(options().verdict.bytes, finding.violation, code, 0);
  }
  os::exit_now(code);
}

/// A fatal signal while a report is written: ours ends the process, others wait for that.
void on_report_fault(int signal, Address address) noexcept {
  const std::uint64_t reporter = shared_reporter.load(ReporterOrders::kPeek);
  if (reporter == own_word()) end_inside_report("signal ", signal, address);
  if (reporter == 0) return;
  wait_for_change(reporter);
  wake_next();
}

void take_reporter() noexcept {
  const std::uint64_t own = own_word();
  for (;;) {
    std::uint64_t holder = 0;
    if (shared_reporter.compare_exchange_strong(holder, own, ReporterOrders::kTake,
                                                ReporterOrders::kTakeFailed)) {
      return;
    }
    if (holder == own) end_inside_report("a second finding", 0, 0);
    if (holder >> kProcessShift == own >> kProcessShift) {
      wait_for_change(holder);
    } else if (shared_reporter.compare_exchange_strong(holder, own, ReporterOrders::kTake,
                                                       ReporterOrders::kTakeFailed)) {
      return;
    }
  }
}

void give_reporter() noexcept {
  shared_reporter.store(0, ReporterOrders::kGive);
  // One is enough: whoever wakes takes the word, and wakes the next when it gives it back; those
  // that only wait, or find nothing to take, wake the next at once.
  wake_next();
}

/// Codes from bad to worse: a leak, an error of the program, one of ours.
int severity(int code) noexcept {
  if (code == 0) return 0;
  if (code == exit_code::kLeakOnly) return 1;
  return code == exit_code::kHakmemBug ? 3 : 2;
}

void tally(int code) noexcept {
  shared_published.fetch_add(1, ReporterOrders::kTally);
  // Only the reporter writes it.
  if (severity(code) > severity(shared_worst.load(ReporterOrders::kTally))) {
    shared_worst.store(code, ReporterOrders::kTally);
  }
}

/// The whole report, on the report's own stack. The first lines need nothing that can fail, and go
/// out before symbols are looked for.
void write_report() noexcept {
  name_thread(finding.detected);
  name_thread(finding.freed);
  name_thread(finding.allocated);
  for (FindingCallBefore& call : finding.history.calls) name_thread(call);
  ReportFacts facts;
  facts.level = context.level;
  facts.process = os::process_id();
  facts.color = options().color && os::is_terminal(kStandardError);
  TextSink head(text, sizeof text);
  write_report_head(head, finding, facts);
  os::write_all(kStandardError, text, head.size());

  if (test_hook != nullptr) test_hook(finding);
  resolve_finding(finding, options().symbolize, options().symbolize_ms, stacks);
  facts.dedup = dedup_hash(finding, stacks);
  const bool with_file = !options().report.empty();
  if (with_file) facts.report_path = prepare_report_file(options().report.bytes);
  TextSink body(text, sizeof text);
  write_report_body(body, finding, stacks, facts);
  os::write_all(kStandardError, text, body.size());

  const int code = exit_code_for(finding.violation);
  if (with_file) append_report_json(context.level, finding, stacks, code, facts.dedup);
  if (!options().verdict.empty()) {
    verdict_written = true;
    append_verdict(options().verdict.bytes, finding.violation, code, facts.dedup);
  }
}

}  // namespace

void set_report_context(const ReportContext& new_context) noexcept { context = new_context; }

Finding& begin_finding(Violation violation) noexcept {
  take_reporter();
  finding = Finding{};
  finding.violation = violation;
  verdict_written = false;
  guard_report(on_report_fault);
  return finding;
}

void publish_finding(bool end_process) noexcept {
  if (shared_reporter.load(ReporterOrders::kPeek) != own_word()) return;  // nothing was begun
  run_on_report_stack(write_report);
  const int code = exit_code_for(finding.violation);
  tally(code);
  finding_published();
  if (end_process) end_after_finding(code);
  unguard_report();
  give_reporter();
}

void end_after_finding(int code) noexcept {
  if (options().abort) os::abort_now();
  os::exit_now(code);
}

HAK_NOINLINE void finding_published() noexcept { asm volatile(""); }

void wait_while_reporting() noexcept {
  const std::uint64_t own = own_word();
  for (;;) {
    const std::uint64_t holder = shared_reporter.load(ReporterOrders::kPeek);
    const bool of_this_process = holder >> kProcessShift == own >> kProcessShift;
    if (holder == 0 || holder == own || !of_this_process) break;
    wait_for_change(holder);
  }
  wake_next();
}

int exit_code_for(Violation violation) noexcept {
  if (violation == Violation::kLeak) return exit_code::kLeakOnly;
  if (row_of(violation).fault == Fault::Hakmem) return exit_code::kHakmemBug;
  return static_cast<int>(options().exitcode);
}

unsigned findings_published() noexcept { return shared_published.load(ReporterOrders::kTally); }

int worst_exit_code() noexcept { return shared_worst.load(ReporterOrders::kTally); }

void note_line(const char* line) noexcept {
  char buffer[1200];
  TextSink sink(buffer, sizeof buffer - 1);
  sink.text("HAKMEM: ").text(line);
  buffer[sink.size()] = '\n';  // in the byte that the sink was not told of
  os::write_all(kStandardError, buffer, sink.size() + 1);
}

void set_report_hook_for_test(Hook hook) noexcept { test_hook = hook; }

}  // namespace hakmem
