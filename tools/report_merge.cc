#include "tools/report_merge.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace hakmem::tools {

Report merge_reports(const std::vector<Report>& reports) {
  Report merged;
  std::map<std::string, std::size_t> index_of;
  for (const Report& report : reports) {
    const std::size_t base = merged.processes.size();
    merged.processes.insert(merged.processes.end(), report.processes.begin(),
                            report.processes.end());
    merged.troubles.insert(merged.troubles.end(), report.troubles.begin(), report.troubles.end());
    for (Finding finding : report.findings) {
      for (std::size_t& process : finding.processes) process += base;
      const auto [at, is_new] = index_of.emplace(finding.dedup, merged.findings.size());
      if (is_new) {
        merged.findings.push_back(std::move(finding));
        continue;
      }
      Finding& first = merged.findings[at->second];
      first.count = std::min(first.count + finding.count, kCountMax);
      std::set<std::size_t> all(first.processes.begin(), first.processes.end());
      all.insert(finding.processes.begin(), finding.processes.end());
      first.processes.assign(all.begin(), all.end());
    }
  }
  return merged;
}

ReportDiff diff_reports(const Report& newer, const Report& older) {
  const auto tokens_of = [](const Report& report) {
    std::set<std::string> tokens;
    for (const Finding& finding : report.findings) tokens.insert(finding.dedup);
    return tokens;
  };
  const std::set<std::string> new_tokens = tokens_of(newer), old_tokens = tokens_of(older);
  ReportDiff diff;
  for (const Finding& finding : newer.findings) {
    (old_tokens.contains(finding.dedup) ? diff.both : diff.fresh).push_back(finding);
  }
  std::copy_if(older.findings.begin(), older.findings.end(), std::back_inserter(diff.gone),
               [&](const Finding& finding) { return !new_tokens.contains(finding.dedup); });
  return diff;
}

}  // namespace hakmem::tools
