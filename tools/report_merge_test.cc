#include "tools/report_merge.h"

#include <gtest/gtest.h>

#include "tools/render.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

Report report_with(int pid, std::initializer_list<int> numbers) {
  Json findings = Json::array();
  for (const int number : numbers) findings.push_back(sample_finding(102, number));
  return parsed(sample_report(pid, findings), "hk." + std::to_string(pid));
}

std::vector<std::string> tokens_of(const std::vector<Finding>& findings) {
  std::vector<std::string> tokens;
  for (const Finding& finding : findings) tokens.push_back(finding.dedup);
  return tokens;
}

TEST(ReportMerge, EqualTokensAreOneFindingWithACount) {
  const Report merged =
      merge_reports({report_with(1, {1, 2, 1}), report_with(2, {3}), report_with(3, {1})});
  EXPECT_EQ(tokens_of(merged.findings), (std::vector{token(102, 1), token(102, 2), token(102, 3)}));
  EXPECT_EQ(merged.findings[0].count, 3u);
  EXPECT_EQ(merged.findings[0].processes, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(merged.findings[2].processes, (std::vector<std::size_t>{1}));
  EXPECT_EQ(merged.processes.size(), 3u);
}

TEST(ReportMerge, ACountAtItsEndStaysThereAndIsReadAgain) {
  Report full = report_with(1, {1});
  full.findings[0].count = kCountMax;
  const Report merged = merge_reports({full, full, report_with(2, {1})});
  EXPECT_EQ(merged.findings[0].count, kCountMax);
  EXPECT_EQ(parse_report(render_json(merged), "m").findings[0].count, kCountMax);
}

TEST(ReportMerge, NothingMergesToNothing) {
  const Report merged = merge_reports({});
  EXPECT_TRUE(merged.findings.empty());
  EXPECT_TRUE(merged.processes.empty());
}

TEST(ReportMerge, AMergeOfMergesIsTheMergeOfAll) {
  const std::vector<Report> all = {report_with(1, {1, 2}), report_with(2, {2}),
                                   report_with(3, {2, 3})};
  const auto again = [](const Report& report) { return parse_report(render_json(report), "m"); };
  const Report nested =
      merge_reports({again(merge_reports({all[0], all[1]})), again(merge_reports({all[2]}))});
  EXPECT_EQ(render_json(nested), render_json(merge_reports(all)));
}

TEST(ReportMerge, TroublesSurviveAMergeAndItsFile) {
  Report report = report_with(1, {});
  report.troubles = {"killed by signal 11 without a finding"};
  const Report again = parse_report(render_json(merge_reports({report})), "m");
  EXPECT_EQ(again.troubles, report.troubles);
}

TEST(ReportMerge, ADiffSortsFindingsByWhereTheyAre) {
  const ReportDiff diff = diff_reports(merge_reports({report_with(1, {1, 2, 4})}),
                                       merge_reports({report_with(2, {2, 3})}));
  EXPECT_EQ(tokens_of(diff.fresh), (std::vector{token(102, 1), token(102, 4)}));
  EXPECT_EQ(tokens_of(diff.both), (std::vector{token(102, 2)}));
  EXPECT_EQ(tokens_of(diff.gone), (std::vector{token(102, 3)}));
}

TEST(ReportMerge, ADiffOfEqualReportsHasNothingNewAndNothingGone) {
  const Report report = merge_reports({report_with(1, {1, 2})});
  const ReportDiff diff = diff_reports(report, report);
  EXPECT_TRUE(diff.fresh.empty() && diff.gone.empty());
  EXPECT_EQ(diff.both.size(), 2u);
}

}  // namespace
}  // namespace hakmem::tools
