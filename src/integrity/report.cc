#include "integrity/report.h"

#include <atomic>

#include "base/compiler.h"
#include "integrity/finding_fate.h"
#include "integrity/report_files.h"
#include "integrity/report_for_test.h"
#include "integrity/report_guard.h"
#include "integrity/report_text.h"
#include "integrity/reporter.h"
#include "integrity/suppressions.h"
#include "integrity/thread_names.h"
#include "os/os.h"
#include "os/os_process.h"
#include "os/os_signal.h"

namespace hakmem {

namespace {

struct TallyOrders {
  static constexpr std::memory_order kTally = std::memory_order_relaxed;
};

constexpr int kStandardError = 2;
constexpr std::size_t kTextBytes = 256 * kKiB;

constinit ReportContext context{};
constinit const Options default_options{};
using Hook = void (*)(const Finding&);
constinit Hook test_hook = nullptr;

constinit std::atomic<unsigned> shared_published{0};
constinit std::atomic<int> shared_worst{0};

// Everything below belongs to the reporter.
constinit Finding finding{};
constinit ResolvedFinding stacks{};
constinit HeapPicture picture{};
constinit ReportFacts facts{};
constinit bool drawing = false;  // inside context.draw_heap
constinit bool ending = false;   // the report is written; inside context.at_end
constinit char text[kTextBytes] = {};
constinit bool verdict_written = false;
constinit FindingFate fate = FindingFate::Publish;

const Options& options() noexcept {
  return context.options != nullptr ? *context.options : default_options;
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

void finish_report() noexcept;

[[noreturn]] void end_behind_report(int code) noexcept {
  ending = true;
  if (context.at_end != nullptr) run_on_report_stack(context.at_end);
  end_after_finding(code);
}

/// The heap was too broken to be drawn: the report goes on without the picture. There is no way
/// back to where the fault came from, so the process ends behind it.
[[noreturn]] void end_without_picture() noexcept {
  drawing = false;
  picture.clear();
  finding.before.known = finding.behind.known = false;
  os::block_asynchronous_signals();  // and opens those of faults: we are in the handler of one
  run_on_report_stack(finish_report);
  end_behind_report(exit_code_for(finding.violation));
}

/// A fatal signal while a report is written: ours ends the process, others wait for that.
void on_report_fault(int signal, Address address) noexcept {
  if (!is_reporter()) return wait_for_report();
  if (ending) os::exit_now(exit_code_for(finding.violation));
  if (drawing) end_without_picture();
  end_inside_report("signal ", signal, address);
}

/// Codes from bad to worse: a leak, an error of the program, one of ours.
int severity(int code) noexcept {
  if (code == 0) return 0;
  if (code == exit_code::kLeakOnly) return 1;
  return code == exit_code::kHakmemBug ? 3 : 2;
}

/// A finding, or one that was published before.
void tally(int code, bool is_new) noexcept {
  if (is_new) shared_published.fetch_add(1, TallyOrders::kTally);
  // Only the reporter writes it.
  if (severity(code) > severity(shared_worst.load(TallyOrders::kTally))) {
    shared_worst.store(code, TallyOrders::kTally);
  }
}

/// Colour, level and the like, and the names of the threads.
void gather_facts() noexcept {
  name_threads(finding);
  facts = ReportFacts{};
  facts.level = context.level;
  facts.process = os::process_id();
  facts.color = options().color && os::is_terminal(kStandardError);
}

void write_head() noexcept {
  TextSink head(text, sizeof text);
  write_report_head(head, finding, facts);
  os::write_all(kStandardError, text, head.size());
  if (test_hook != nullptr) test_hook(finding);
}

void draw() noexcept {
  picture.clear();
  if (context.draw_heap == nullptr) return;
  drawing = true;
  context.draw_heap(finding, picture);
  drawing = false;
}

void resolve() noexcept {
  resolve_finding(finding, options().symbolize, options().symbolize_ms, stacks);
}

/// Everything behind the head, and the files.
void write_rest() noexcept {
  name_neighbours(finding);
  facts.dedup = dedup_hash(finding, stacks);
  const bool with_file = !options().report.empty();
  if (with_file) facts.report_path = prepare_report_file(options().report.bytes);
  TextSink body(text, sizeof text);
  write_report_body(body, finding, stacks, facts);
  os::write_all(kStandardError, text, body.size());

  const int code = exit_code_for(finding.violation);
  if (with_file) append_report_json(context.level, finding, stacks, picture, code, facts.dedup);
  if (!options().verdict.empty()) {
    verdict_written = true;
    append_verdict(options().verdict.bytes, finding.violation, code, facts.dedup);
  }
}

void finish_report() noexcept {
  resolve();
  write_rest();
}

/// The whole report, on the report's own stack. The first lines need nothing that can fail, and go
/// out before anything is read from the heap and symbols are looked for.
void write_report() noexcept {
  gather_facts();
  write_head();
  draw();
  finish_report();
}

/// The same when the finding may be one that nobody wants to read: that is known by its symbols.
void weigh_and_write_report() noexcept {
  resolve();
  fate = fate_of(finding, stacks, dedup_hash(finding, stacks), !options().halt_on_error);
  if (fate != FindingFate::Publish) return;
  gather_facts();
  write_head();
  draw();
  write_rest();
}

/// Settles the fate of the finding, and publishes it if that is its fate.
void settle(bool end_process) noexcept {
  fate = FindingFate::Publish;
  const bool weigh = !end_process && (!options().halt_on_error || has_suppressions());
  if (!weigh) return run_on_report_stack(write_report);
  fate = fate_by_stacks(finding);
  if (fate == FindingFate::Publish) run_on_report_stack(weigh_and_write_report);
}

void tell() noexcept { tell_fates(options().verbosity != 0); }

[[noreturn]] void end_at_maximum() noexcept {
  char line[128];
  TextSink(line, sizeof line).text("ended after ").decimal(findings_published())
      .text(" findings (option max_errors)");
  note_line(line);
  tell();
  end_behind_report(worst_exit_code());
}

/// Publishes what was begun. `end_process`: the caller cannot go on. `may_halt`: it is asked to end
/// when halt_on_error says so.
void publish(bool end_process, bool may_halt) noexcept {
  if (!is_reporter()) return;  // nothing was begun
  settle(end_process);
  if (fate == FindingFate::Publish) finding_published();
  const int code = exit_code_for(finding.violation);
  if (fate != FindingFate::Suppressed) tally(code, fate == FindingFate::Publish);
  const bool halts = may_halt && options().halt_on_error && fate == FindingFate::Publish;
  if (end_process || halts) {
    tell();
    end_behind_report(code);
  }
  const std::uint64_t most = options().max_errors;
  if (!options().halt_on_error && most != 0 && findings_published() >= most) end_at_maximum();
  unguard_report();
  give_reporter();
}

}  // namespace

void set_report_context(const ReportContext& new_context) noexcept { context = new_context; }

Finding& begin_finding(Violation violation) noexcept {
  if (!take_reporter()) end_inside_report("a second finding", 0, 0);
  finding = Finding{};
  finding.violation = violation;
  verdict_written = drawing = ending = false;
  guard_report(on_report_fault);
  return finding;
}

void publish_finding(bool end_process) noexcept { publish(end_process, false); }

void publish_recoverable() noexcept { publish(false, true); }

void forget_findings_after_fork() noexcept {
  shared_published.store(0, TallyOrders::kTally);
  shared_worst.store(0, TallyOrders::kTally);
  forget_fates();
}

void tell_findings() noexcept {
  if (!take_reporter()) end_inside_report("a second finding", 0, 0);
  tell();
  give_reporter();
}

void end_after_finding(int code) noexcept {
  if (options().abort) os::abort_now();
  os::exit_now(code);
}

HAK_NOINLINE void finding_published() noexcept { asm volatile(""); }

void wait_while_reporting() noexcept { wait_for_reports(); }

bool halts_on_error() noexcept { return options().halt_on_error; }

int exit_code_for(Violation violation) noexcept {
  if (violation == Violation::kLeak) return exit_code::kLeakOnly;
  if (row_of(violation).fault == Fault::Hakmem) return exit_code::kHakmemBug;
  return static_cast<int>(options().exitcode);
}

unsigned findings_published() noexcept { return shared_published.load(TallyOrders::kTally); }

int worst_exit_code() noexcept { return shared_worst.load(TallyOrders::kTally); }

void note_line(const char* line) noexcept {
  char buffer[1200];
  TextSink sink(buffer, sizeof buffer - 1);
  sink.text("HAKMEM: ").text(line);
  buffer[sink.size()] = '\n';  // in the byte that the sink was not told of
  os::write_all(kStandardError, buffer, sink.size() + 1);
}

void set_report_hook_for_test(Hook hook) noexcept { test_hook = hook; }

}  // namespace hakmem
