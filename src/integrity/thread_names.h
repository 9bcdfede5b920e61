// Names of the threads in a finding, from the kernel, for those that still run.
// Called by report.cc, under the reporter.
#pragma once

#include "integrity/finding.h"

namespace hakmem {

/// Fills the names that the finder left empty; empty they stay when the thread is gone.
void name_threads(Finding& finding) noexcept;
/// The same for the blocks beside the finding's, which are known later.
void name_neighbours(Finding& finding) noexcept;

}  // namespace hakmem
