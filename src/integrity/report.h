// Publishes a finding: text to standard error, report.json, the verdict file; then the process
// ends. Called by hooks and checked gates when a check fails. Needs no heap, no lock of the heap's,
// no libc that allocates: static buffers and a stack of its own, one reporter at a time, a second
// fault leaves one line. Between begin_finding and publish_finding the thread's signals wait.
//
// PROTOCOL reporter
//   state: one word, process << 32 | thread of whoever writes a report, 0 when nobody does.
//   owner: whoever moved it from 0, or from a word of another process (a fork copied it, and that
//     thread does not exist here); only the owner moves it back to 0.
//   publishes: the static finding and every buffer of the report, by release on giving the word
//     back and acquire on taking it.
//   progress: others sleep on the word's lower half until it is given back or the process ends.
//   breaks it: using the finding or a report buffer without owning the word.
#pragma once

#include "base/options.h"
#include "integrity/finding.h"

namespace hakmem {

/// Version of report.json's schema (docs/report.schema.json).
inline constexpr int kReportSchemaVersion = 1;

/// What the report knows about the process; set once at start-up.
struct ReportContext {
  const Options* options = nullptr;
  int level = 0;
};

/// Called once by api/ at start-up and by tests. The pointers must outlive the process.
void set_report_context(const ReportContext& context) noexcept;

/// Takes the reporter for this thread and returns the static finding to fill, reset to defaults.
/// Other threads that find something meanwhile wait, and never return if the first one ends the
/// process. A second call on the same thread (a fault inside the report) prints one line and ends.
Finding& begin_finding(Violation violation) noexcept;

/// Publishes the finding that begin_finding returned. With `end_process`, exits with
/// exit_code_for(violation) and does not return; otherwise gives the reporter back.
void publish_finding(bool end_process) noexcept;

/// Ends the process after a finding: with `code`, or by SIGABRT when the options ask for that.
[[noreturn]] void end_after_finding(int code) noexcept;

/// Where debuggers stop: called after each report, before the process may end. Does nothing.
void finding_published() noexcept;

/// exit_code of options for the program's faults, 87 for ours, 90 for leaks.
int exit_code_for(Violation violation) noexcept;

/// Number of findings published so far, and the code the process should end with, 0 when clean.
/// A forked child starts with its parent's.
unsigned findings_published() noexcept;
int worst_exit_code() noexcept;

/// Returns when no other thread is writing a report. For whoever is about to end the process: a
/// report on its way is to end it, with its own code.
void wait_while_reporting() noexcept;

/// One line to standard error, prefixed "HAKMEM: ", no allocation; for messages that are no
/// finding. Text beyond 1 KiB is cut.
void note_line(const char* text) noexcept;

}  // namespace hakmem
