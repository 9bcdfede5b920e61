// See summary.h.
#include "bench/harness/summary.h"

#include <cmath>

#include "bench/harness/statistics.h"

namespace hakmem::bench {
namespace {

RowFigures row_figures(const Series& series, const Series& base) {
  const std::vector<double> wall = series.wall();
  const std::vector<double> base_wall = base.wall();
  const double rss = median(series.rss());
  return {median(wall),
          minimum(wall),
          maximum(wall),
          quantile(wall, 0.25),
          quantile(wall, 0.75),
          pairwise_ratio(wall, base_wall),
          minima_ratio(wall, base_wall),
          minima_ratio(series.cpu(), base.cpu()),
          rss / median(base.rss()),
          rss};
}

GroupFigures group_figures(const std::vector<RowSummary>& rows, const Group& group,
                           std::size_t subject) {
  std::vector<double> ratios;
  std::vector<double> cpu_ratios;
  std::vector<double> rss_ratios;
  for (const RowSummary& row : rows) {
    if (row.result->row.group != group.name) continue;
    const RowFigures& figures = row.figures[subject];
    const double ratio =
        group.basis == Basis::kMinima ? figures.ratio_minima : figures.ratio_pairwise;
    if (!std::isnan(ratio)) ratios.push_back(ratio);
    if (!std::isnan(figures.ratio_cpu)) cpu_ratios.push_back(figures.ratio_cpu);
    if (!std::isnan(figures.ratio_rss)) rss_ratios.push_back(figures.ratio_rss);
  }
  return {geomean(ratios), geomean(cpu_ratios), geomean(rss_ratios), ratios.size()};
}

}  // namespace

Summary summarize(const std::vector<RowResult>& results, std::size_t subjects, std::size_t base) {
  Summary summary{{}, {}, base};
  for (const RowResult& result : results) {
    RowSummary row{&result, {}};
    for (const Series& series : result.series) {
      row.figures.push_back(row_figures(series, result.series[base]));
    }
    summary.rows.push_back(std::move(row));
  }
  for (const Group& group : groups()) {
    GroupSummary one{group, {}};
    bool has_rows = false;
    for (const RowSummary& row : summary.rows) has_rows |= row.result->row.group == group.name;
    if (!has_rows) continue;
    for (std::size_t i = 0; i < subjects; ++i) {
      one.figures.push_back(group_figures(summary.rows, group, i));
    }
    summary.groups.push_back(std::move(one));
  }
  return summary;
}

}  // namespace hakmem::bench
