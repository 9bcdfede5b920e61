// Names of the threads in a finding, from the kernel, for those that still run.
// Called by report.cc, under the reporter.
#pragma once

#include "integrity/finding.h"

namespace hakmem {

/// Fills the names of the event's thread that the finder left empty; empty when the thread is gone.
void name_thread(FindingEvent& event) noexcept;
void name_thread(FindingCallBefore& call) noexcept;

}  // namespace hakmem
