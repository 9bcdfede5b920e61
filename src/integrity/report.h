// Publishes a finding: text to standard error, report.json, the verdict file; then the process
// ends. Called by hooks and checked gates when a check fails. Needs no heap, no lock of the heap's,
// no libc that allocates: static buffers and a stack of its own, one reporter at a time, a second
// fault leaves one line. Between begin_finding and publish_finding the thread's signals wait.
// Who may report, and who waits meanwhile: reporter.h.
#pragma once

#include "base/options.h"
#include "integrity/finding.h"
#include "integrity/heap_picture.h"

namespace hakmem {

/// Version of report.json's schema (docs/report.schema.json).
inline constexpr int kReportSchemaVersion = 1;

/// Draws the heap around a finding: fills its neighbours and the picture. Called inside the report,
/// on its stack; what it cannot tell it leaves as it is. A fault in it costs the picture alone.
using DrawHeap = void (*)(Finding& finding, HeapPicture& picture) noexcept;

/// What the report knows about the process; set once at start-up.
struct ReportContext {
  const Options* options = nullptr;
  int level = 0;
  DrawHeap draw_heap = nullptr;   ///< null: there is nothing to draw
  /// Runs on the report's stack before a finding ends the process; a fault in it ends it at once.
  void (*at_end)() noexcept = nullptr;
};

/// Called once by api/ at start-up and by tests. The pointers must outlive the process.
void set_report_context(const ReportContext& context) noexcept;

/// Takes the reporter for this thread and returns the static finding to fill, reset to defaults.
/// Other threads that find something meanwhile wait, and never return if the first one ends the
/// process. A second call on the same thread (a fault inside the report) prints one line and ends.
Finding& begin_finding(Violation violation) noexcept;

/// Publishes the finding that begin_finding returned. With `end_process`, exits with
/// exit_code_for(violation) and does not return; otherwise gives the reporter back. What need not
/// end the process may also be suppressed, or be counted as the repeat of another.
void publish_finding(bool end_process) noexcept;

/// The same for a finding after which the program can go on, as halt_on_error says. Returns when
/// it is to go on.
void publish_recoverable() noexcept;

/// What the option of that name says.
bool halts_on_error() noexcept;

/// Ends the process after a finding: with `code`, or by SIGABRT when the options ask for that.
[[noreturn]] void end_after_finding(int code) noexcept;
/// Where debuggers stop: called after each report, before the process may end. Does nothing.
void finding_published() noexcept;

/// exit_code of options for the program's faults, 87 for ours, 90 for leaks.
int exit_code_for(Violation violation) noexcept;

/// Number of findings published so far, and the code the process should end with, 0 when clean.
/// Repeats count for the code, suppressed ones do not.
unsigned findings_published() noexcept;
int worst_exit_code() noexcept;

/// In the child after fork: it has found nothing yet.
void forget_findings_after_fork() noexcept;

/// At the process's end: says on standard error how often findings repeated, and, when
/// `verbosity` asks, how many were suppressed. Silent when there is nothing to say.
void tell_findings() noexcept;

/// Returns when no other thread is writing a report. For whoever is about to end the process: a
/// report on its way is to end it, with its own code.
void wait_while_reporting() noexcept;

/// One line to standard error, prefixed "HAKMEM: ", no allocation; for messages that are no
/// finding. Text beyond 1 KiB is cut.
void note_line(const char* text) noexcept;

}  // namespace hakmem
