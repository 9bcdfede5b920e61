// From raw samples to figures: per row and allocator, then per group.
// Called by bench_command; printed by output.cc. Invariant: a figure that was not measured is NaN
// and is left out of every mean; `rows_used` says over how many rows a mean was taken.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/runner.h"

namespace hakmem::bench {

struct RowFigures {
  double median_ns;
  double min_ns;
  double max_ns;
  double quartile_1_ns;
  double quartile_3_ns;
  double ratio_pairwise;  // to the base, NaN without one
  double ratio_minima;
  double ratio_cpu;  // of least processor times: steadier when the machine is shared
  double ratio_rss;  // of median peak RSS
  double median_rss_kib;
};

struct GroupFigures {
  double ratio;      // geomean over rows, by the group's basis
  double ratio_cpu;  // the same of processor time
  double ratio_rss;
  std::size_t rows_used;
};

struct RowSummary {
  const RowResult* result;          // belongs to the caller of summarize
  std::vector<RowFigures> figures;  // one per subject
};

struct GroupSummary {
  Group group;
  std::vector<GroupFigures> figures;  // one per subject
};

struct Summary {
  std::vector<RowSummary> rows;
  std::vector<GroupSummary> groups;  // those that have rows
  std::size_t base;                  // index of the subject that ratios refer to
};

/// `results` must outlive the summary.
Summary summarize(const std::vector<RowResult>& results, std::size_t subjects, std::size_t base);

}  // namespace hakmem::bench
