// Levels 1 to 4: what the checks need beside the allocator, and the end of a checked process.
#include <cstdio>
#include <cstdlib>

#include "api/page_mode_start.h"
#include "api/trace_dump_start.h"
#include "gate/exit_sweep.h"
#include "gate/heap_picture.h"
#include "gate/poisoned_block.h"
#include "gate/tier_switches.h"
#include "integrity/poison_crash.h"
#include "integrity/report_files.h"
#include "integrity/suppressions.h"
#include "os/os.h"
#include "ptr_trace/end_signals.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// The process whose memory this is. A child of vfork() has another id and must leave it alone.
constinit int own_process = 0;

[[noreturn]] void refuse(const char* what) noexcept {
  note_line(what);
  os::exit_now(exit_code::kBadOption);
}

void read_suppressions(const Options& options) noexcept {
  if (options.suppressions.empty()) return;
  char path[kOptionTextMax + 256];
  TextSink path_sink(path, sizeof path);
  expand_file_name(path_sink, options.suppressions.bytes);
  const SuppressionError error = load_suppressions(path);
  if (error.ok()) return;
  char line[sizeof path + 256];
  TextSink sink(line, sizeof line);
  sink.text("option 'suppressions': ").text(path);
  if (error.line != 0) sink.text(":").decimal(error.line);
  sink.text(": ").text(error.what);
  refuse(line);
}

/// Chance that was drawn here is repeated by hand.
void tell_seed(const Options& options) noexcept {
  if (options.fail_alloc_ppm == 0) return;
  char line[128];
  TextSink sink(line, sizeof line);
  sink.text("fail_alloc_seed=").decimal(process_domain.failures.seed())
      .text(" makes the same allocations fail again");
  note_line(line);
}

void tell_failures() noexcept {
  if (!process_domain.failures.on() || process_options.verbosity == 0) return;
  char line[128];
  TextSink sink(line, sizeof line);
  sink.decimal(process_domain.failures.failed()).text(" of ")
      .decimal(process_domain.failures.asked()).text(" allocations were made to fail (fail_alloc)");
  note_line(line);
}

/// The program's own handlers, registered later, have run.
void on_quick_exit() {
  const int code = finish_at_once(0);
  if (code != 0) end_after_finding(code);
}

}  // namespace

void start_checks(const Options& options) noexcept {
  own_process = os::process_id();
  DrawHeap draw = nullptr;
  if constexpr (kRecordLayout) {
    draw = [](Finding& finding, HeapPicture& picture) noexcept {
      draw_heap(process_domain, finding, picture);
    };
  }
  void (*at_end)() noexcept = nullptr;
  if constexpr (kTraced) at_end = finish_trace_dump;
  set_report_context({&options, kIntegrityLevel, draw, at_end});
  read_suppressions(options);
  if (!apply_switches(process_domain, this_thread, options)) {
    refuse("option 'remote' must be queue or direct");
  }
  tell_seed(options);
  const bool scarce = process_domain.slabs.space.scarce() || process_domain.failures.on();
  if (!process_domain.checks.configure(options, scarce)) {
    refuse("option 'stack' must be auto, safe, fp or caller");
  }
  if constexpr (kBuildChecks.has(Check::kCrashReport)) {
    install_crash_report([](const PoisonCrash& crash, Finding& finding) noexcept {
      describe_poisoned_block(process_domain, crash, finding);
    });
  }
  if constexpr (kBuildChecks.has(Check::kExitSweep)) {
    // What the program broke and never freed, when a signal ends it: then the finding does.
    watch_end_signals([]() noexcept {
      const int code = finish_at_once(0);
      if (code != 0) end_after_finding(code);
    });
  }
  at_quick_exit(on_quick_exit);
  if constexpr (kBuildChecks.has(Check::kLibraryCalls)) start_library_calls(options);
  if constexpr (kPageMode) start_page_mode(options);
}

void checks_after_fork() noexcept {
  own_process = os::process_id();
  forget_findings_after_fork();
  this_thread.thread_id = 0;  // the child's one thread has a new id
  if constexpr (kBuildChecks.has(Check::kStacks)) backtrace_after_fork_in_child();
}

void finish_checks() noexcept {
  wait_while_reporting();
  hooks::on_slow_operation(this_thread);
  if constexpr (kBuildChecks.has(Check::kExitSweep)) {
    sweep_at_exit(process_domain);
  }
  if constexpr (kBuildChecks.has(Check::kLeaks)) {
    if (process_options.leaks) search_leaks(process_domain);
  }
  if constexpr (kTraced) finish_trace_dump();
  tell_findings();
  tell_failures();
  if (worst_exit_code() == 0) return;
  // The program's own output must not be lost with it; this is still an ordinary exit().
  std::fflush(nullptr);
  end_after_finding(worst_exit_code());
}

int finish_at_once(int code) noexcept {
  if (os::process_id() != own_process) return code;
  wait_while_reporting();
  hooks::on_slow_operation(this_thread);
  if constexpr (kBuildChecks.has(Check::kExitSweep)) {
    sweep_before_death(process_domain);
    wait_while_reporting();  // another thread's sweep may be at it
  }
  if constexpr (kTraced) finish_trace_dump();
  tell_findings();
  tell_failures();
  return worst_exit_code() != 0 ? worst_exit_code() : code;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
