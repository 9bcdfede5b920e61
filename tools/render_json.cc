#include "tools/render.h"

namespace hakmem::tools {
namespace {

constexpr int kJsonIndent = 1;

Json process_json(const Process& process) {
  Json json = process.raw;
  if (!process.file.empty()) json["file"] = process.file;
  return json;
}

Json finding_json(const Finding& finding, const char* status) {
  Json json = finding.raw;
  json["count"] = finding.count;
  json["processes"] = finding.processes;
  if (status != nullptr) json["status"] = status;
  return json;
}

Json head(const Report& report) {
  Json json = {{"schema_version", 1}, {"tool", "hakmem"}};
  json["processes"] = Json::array();
  for (const Process& process : report.processes)
    json["processes"].push_back(process_json(process));
  json["troubles"] = Json::array();
  for (const std::string& trouble : report.troubles) {
    json["troubles"].push_back({{"sentence", trouble}});
  }
  json["findings"] = Json::array();
  return json;
}

std::string dumped(const Json& json) {
  // Whatever is no UTF-8 (a path that the caller gave) is replaced: a report is never refused.
  return json.dump(kJsonIndent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string render_json(const Report& report) {
  Json json = head(report);
  for (const Finding& finding : report.findings) {
    json["findings"].push_back(finding_json(finding, nullptr));
  }
  return dumped(json);
}

std::string render_json(const ReportDiff& diff, const Report& newer) {
  Json json = head(newer);
  const auto add = [&json](const std::vector<Finding>& findings, const char* status) {
    for (const Finding& finding : findings) {
      json["findings"].push_back(finding_json(finding, status));
      // Indices of the older report's processes would name other ones here.
      if (std::string_view(status) == "gone") json["findings"].back()["processes"] = Json::array();
    }
  };
  add(diff.fresh, "new");
  add(diff.both, "both");
  add(diff.gone, "gone");
  return dumped(json);
}

}  // namespace hakmem::tools
