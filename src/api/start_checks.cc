// Levels 1 to 4: what the checks need beside the allocator, and the end of a checked process.
#include <cstdio>

#include "api/page_mode_start.h"
#include "gate/exit_sweep.h"
#include "integrity/poison_crash.h"
#include "os/os.h"
#include "ptr_trace/end_signals.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void start_checks(const Options& options) noexcept {
  set_report_context({&options, kIntegrityLevel});
  const bool scarce = process_domain.slabs.space.scarce();
  if (!process_domain.checks.configure(options, scarce)) {
    note_line("option 'stack' must be auto, safe, fp or caller");
    os::exit_now(exit_code::kBadOption);
  }
  if constexpr (kBuildChecks.has(Check::kCrashReport)) install_crash_report();
  if constexpr (kBuildChecks.has(Check::kExitSweep)) {
    // What the program broke and never freed, when a signal ends it: then the finding does.
    watch_end_signals([]() noexcept {
      if (sweep_at_signal(process_domain) != 0) os::exit_now(worst_exit_code());
    });
  }
  if constexpr (kBuildChecks.has(Check::kLibraryCalls)) start_library_calls(options);
  if constexpr (kPageMode) start_page_mode(options);
}

void checks_after_fork() noexcept {
  this_thread.thread_id = 0;  // the child's one thread has a new id
  if constexpr (kBuildChecks.has(Check::kStacks)) backtrace_after_fork_in_child();
}

void finish_checks() noexcept {
  wait_while_reporting();
  if constexpr (kBuildChecks.has(Check::kExitSweep)) {
    const unsigned damaged = sweep_at_exit(process_domain);
    const unsigned leaking = process_options.leaks ? search_leaks(process_domain) : 0;
    if (damaged + leaking == 0) return;
    // The program's own output must not be lost with it; this is still an ordinary exit().
    std::fflush(nullptr);
    os::exit_now(worst_exit_code());
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
