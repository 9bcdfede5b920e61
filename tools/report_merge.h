// Several reports as one, and the difference of two. Called by cmd_report.cc and run_outputs.cc.
// Invariant: no dedup token is there twice, counts add up, and the order is that of reading.
#pragma once

#include <vector>

#include "tools/report_model.h"

namespace hakmem::tools {

/// One report of all: findings of one dedup token become the first of them, with the sum of the
/// counts and all processes.
Report merge_reports(const std::vector<Report>& reports);

/// Findings by where they are; `both` is as the newer report has them.
struct ReportDiff {
  std::vector<Finding> fresh, both, gone;
};

/// What `newer` has and `older` has not, by dedup token, and the reverse. Both merged.
ReportDiff diff_reports(const Report& newer, const Report& older);

}  // namespace hakmem::tools
