// Test doors of the report. Called by tests only.
#pragma once

#include "integrity/finding.h"

namespace hakmem {

/// Runs `hook` inside each report, between its first lines and its body; null: none.
void set_report_hook_for_test(void (*hook)(const Finding& finding)) noexcept;

}  // namespace hakmem
