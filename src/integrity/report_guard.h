// Keeps a report whole: while one is written, signals for the program wait, and a fault inside it
// still reaches us. Called by report.cc, which holds the reporter.
// Invariant: after unguard_report() dispositions, mask and signal stack are as they were.
#pragma once

#include "base/units.h"

namespace hakmem {

/// Called on the faulting thread, in the signal handler. Returning runs the instruction again.
using ReportFault = void (*)(int signal, Address address) noexcept;

void guard_report(ReportFault fault) noexcept;
void unguard_report() noexcept;

/// Calls `work` on a static stack of kReportStackBytes, so that a report needs 300 bytes of the
/// caller's, whatever thread or signal handler it comes from.
void run_on_report_stack(void (*work)()) noexcept;
inline constexpr std::size_t kReportStackBytes = 64 * kKiB;

/// Deepest use of the report's stack so far, bytes.
std::size_t report_stack_used_for_test() noexcept;

}  // namespace hakmem
