// Summary of made-up samples: which basis a group takes, and what becomes of missing figures.
#include "bench/harness/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace hakmem::bench {
namespace {

Series series_of(const std::vector<double>& wall, std::uint64_t rss) {
  Series series;
  for (const double value : wall) series.samples.push_back({value, value, rss});
  return series;
}

RowResult result_of(const std::string& group, Series subject, Series base) {
  RowResult result{{"row", group, {}, true, ""}, {}};
  result.series.push_back(std::move(subject));
  result.series.push_back(std::move(base));
  return result;
}

TEST(Summary, MicroGroupsCompareMinimaAndProgramsComparePairs) {
  // Minima 1 / 2; pairwise ratios 3/2, 1/3, 4/4: median 1.
  const std::vector<double> subject{3, 1, 4};
  const std::vector<double> base{2, 3, 4};
  const std::vector<RowResult> results{
      result_of("tiny", series_of(subject, 100), series_of(base, 200)),
      result_of("programs", series_of(subject, 100), series_of(base, 200))};
  const Summary summary = summarize(results, 2, 1);
  ASSERT_EQ(summary.groups.size(), 2u);
  EXPECT_DOUBLE_EQ(summary.groups[0].figures[0].ratio, 0.5);
  EXPECT_DOUBLE_EQ(summary.groups[1].figures[0].ratio, 1.0);
  EXPECT_DOUBLE_EQ(summary.groups[0].figures[0].ratio_rss, 0.5);
  EXPECT_DOUBLE_EQ(summary.groups[0].figures[1].ratio, 1.0);
}

TEST(Summary, FailedRowIsLeftOutOfTheMeanAndCounted) {
  Series failed;
  failed.failure = "exit status 1";
  const std::vector<RowResult> results{result_of("tiny", series_of({1}, 10), series_of({4}, 10)),
                                       result_of("tiny", failed, series_of({4}, 10))};
  const Summary summary = summarize(results, 2, 1);
  EXPECT_DOUBLE_EQ(summary.groups[0].figures[0].ratio, 0.25);
  EXPECT_EQ(summary.groups[0].figures[0].rows_used, 1u);
  EXPECT_EQ(summary.groups[0].figures[1].rows_used, 2u);
  EXPECT_TRUE(std::isnan(summary.rows[1].figures[0].median_ns));
}

TEST(Summary, UnknownPeakMemoryIsNoFigure) {
  const std::vector<RowResult> results{result_of("tiny", series_of({1}, 0), series_of({4}, 10))};
  const Summary summary = summarize(results, 2, 1);
  EXPECT_TRUE(std::isnan(summary.groups[0].figures[0].ratio_rss));
  EXPECT_DOUBLE_EQ(summary.groups[0].figures[0].ratio, 0.25);
}

TEST(Rows, EveryRowBelongsToAGroupAndEveryGroupHasAQuickRow) {
  const std::vector<Row> all = make_rows("workload", false);
  const std::vector<Row> quick = make_rows("workload", true);
  EXPECT_LT(quick.size(), all.size());
  for (const Group& group : groups()) {
    const auto in_group = [&](const Row& row) { return row.group == group.name; };
    EXPECT_TRUE(std::any_of(quick.begin(), quick.end(), in_group)) << group.name;
  }
  for (const Row& row : all) {
    const auto is_its_group = [&](const Group& group) { return group.name == row.group; };
    EXPECT_TRUE(std::any_of(groups().begin(), groups().end(), is_its_group)) << row.id;
  }
}

}  // namespace
}  // namespace hakmem::bench
