#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tools/plain_text.h"
#include "tools/render.h"
#include "tools/sarif_rules.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSchemaUri =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr const char* kRootId = "SRCROOT";
constexpr const char* kFingerprint = "hakmemDedup/v1";
constexpr std::uint64_t kExactInteger = (std::uint64_t{1} << 53) - 1;  // RFC 8259, 6
constexpr int kSarifIndent = 1;

/// Makes the results of one log.
class SarifLog {
 public:
  SarifLog(const Report& report, const fs::path& source_root)
      : report_(report), source_root_(source_root) {}

  /// `baseline` is null or one of new, unchanged, absent.
  void add(const Finding& finding, const char* baseline);
  std::string text() const;

 private:
  Json artifact(const std::string& path) const;
  Json location(const Frame& frame) const;
  Json stack(const Event& event) const;
  Json code_flow(const Finding& finding) const;
  Json properties(const Finding& finding, bool own_processes) const;

  const Report& report_;
  const fs::path source_root_;
  SarifRules rules_;
  Json results_ = Json::array();
};

Json SarifLog::artifact(const std::string& path) const {
  const fs::path normal = fs::path(path).lexically_normal();
  if (!normal.is_absolute()) return {{"uri", uri_path(normal.generic_string())}};
  if (!source_root_.empty()) {
    const std::string below = normal.lexically_relative(source_root_).generic_string();
    const bool outside = below.empty() || below == ".." || below.starts_with("../");
    if (!outside) return {{"uri", uri_path(below)}, {"uriBaseId", kRootId}};
  }
  return {{"uri", "file://" + uri_path(normal.generic_string())}};
}

Json SarifLog::location(const Frame& frame) const {
  Json physical = Json::object();
  if (frame.line != 0 && !frame.file.empty()) {
    physical["artifactLocation"] = artifact(frame.file);
    if (frame.line <= kExactInteger) physical["region"] = {{"startLine", frame.line}};
  } else {
    Json address = {{"kind", "instruction"}, {"name", printable(place_of(frame))}};
    if (!frame.module.empty()) {
      physical["artifactLocation"] = artifact(frame.module);
      if (frame.offset <= kExactInteger) address["relativeAddress"] = frame.offset;
    } else if (frame.pc <= kExactInteger) {
      address["absoluteAddress"] = frame.pc;
    }
    physical["address"] = std::move(address);
  }
  Json json = {{"physicalLocation", std::move(physical)}};
  if (!frame.function.empty()) {
    json["logicalLocations"] =
        Json::array({{{"fullyQualifiedName", printable(frame.function)}, {"kind", "function"}}});
  }
  return json;
}

std::string event_text(const Event& event) {
  const std::string thread = thread_label(event);
  return thread.empty() ? event.name : event.name + " by " + thread;
}

Json SarifLog::stack(const Event& event) const {
  Json frames = Json::array();
  for (const Frame& frame : event.stack) {
    Json json = {{"location", location(frame)}};
    if (!frame.module.empty()) json["module"] = printable(file_name_of(frame.module));
    if (event.thread_id != 0 && event.thread_id <= kExactInteger)
      json["threadId"] = event.thread_id;
    frames.push_back(std::move(json));
  }
  return {{"message", sarif_message(event_text(event))}, {"frames", std::move(frames)}};
}

/// The block's life as steps: allocated, freed, detected; each from the outermost call inwards.
Json SarifLog::code_flow(const Finding& finding) const {
  Json flows = Json::array();
  int order = 0;
  for (const char* name : {"allocated", "freed", "detected"}) {
    for (const Event& event : finding.events) {
      if (event.name != name || event.stack.empty()) continue;
      Json steps = Json::array();
      for (std::size_t i = event.stack.size(); i-- > 0;) {
        Json step = {{"location", location(event.stack[i])},
                     {"nestingLevel", event.stack.size() - 1 - i},
                     {"executionOrder", order++}};
        if (i == 0) step["location"]["message"] = sarif_message(event_text(event));
        steps.push_back(std::move(step));
      }
      flows.push_back({{"id", event_text(event)},
                       {"message", sarif_message(event_text(event))},
                       {"locations", std::move(steps)}});
    }
  }
  return flows;
}

Json SarifLog::properties(const Finding& finding, bool own_processes) const {
  Json json = {{"fault", finding.ours ? "hakmem" : "program"}, {"exitCode", finding.exit_code}};
  if (finding.address) json["address"] = fmt::format("{:#x}", *finding.address);
  if (!finding.likely.empty()) json["likely"] = finding.likely;
  if (!finding.confidence.empty()) json["confidence"] = finding.confidence;
  if (!own_processes) return json;
  Json programs = Json::array();
  for (const std::size_t index : finding.processes) {
    const Process& process = report_.processes[index];
    Json entry = {{"pid", process.pid.value_or(0)}, {"program", process.program}};
    if (!process.file.empty()) entry["report"] = process.file;
    programs.push_back(std::move(entry));
  }
  json["processes"] = std::move(programs);
  return json;
}

void SarifLog::add(const Finding& finding, const char* baseline) {
  const std::string marker = finding.ours ? std::string(kOurBug) + ' ' : std::string{};
  Json result = {{"ruleId", finding.id},
                 {"ruleIndex", rules_.index_of(finding)},
                 {"level", sarif_level(finding.ours)},
                 {"message", sarif_message(marker + finding.sentence)}};
  if (const Blame blame = blamed_frame(finding); blame.frame != nullptr) {
    result["locations"] = Json::array({location(*blame.frame)});
  }
  Json stacks = Json::array();
  for (const Event& event : finding.events) {
    if (event.stack.empty()) continue;
    stacks.push_back(stack(event));
  }
  if (!stacks.empty()) {
    result["stacks"] = std::move(stacks);
    result["codeFlows"] = Json::array({{{"threadFlows", code_flow(finding)}}});
  }
  result["partialFingerprints"] = {{kFingerprint, finding.dedup}};
  result["occurrenceCount"] = finding.count;
  if (baseline != nullptr) result["baselineState"] = baseline;
  const bool absent = baseline != nullptr && std::string_view(baseline) == "absent";
  result["properties"] = properties(finding, !absent);
  results_.push_back(std::move(result));
}

std::string SarifLog::text() const {
  Json invocation = {{"executionSuccessful", report_.troubles.empty()}};
  for (const std::string& trouble : report_.troubles) {
    invocation["toolExecutionNotifications"].push_back(
        {{"level", "error"}, {"message", sarif_message(trouble)}});
  }
  Json run = {
      {"tool",
       {{"driver",
         {{"name", "HAKMEM"}, {"version", HAKMEM_TOOL_VERSION}, {"rules", rules_.json()}}}}},
      {"invocations", Json::array({std::move(invocation)})}};
  if (!source_root_.empty()) {
    std::string root = "file://" + uri_path(source_root_.generic_string());
    if (!root.ends_with('/')) root += '/';
    run["originalUriBaseIds"] = {{kRootId, {{"uri", root}}}};
  }
  run["results"] = results_;
  const Json log = {
      {"$schema", kSchemaUri}, {"version", "2.1.0"}, {"runs", Json::array({std::move(run)})}};
  return log.dump(kSarifIndent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string render_sarif(const Report& report, const ReportDiff* diff,
                         const fs::path& source_root) {
  SarifLog log(report, source_root.lexically_normal());
  if (diff == nullptr) {
    for (const Finding& finding : report.findings) log.add(finding, nullptr);
    return log.text();
  }
  for (const Finding& finding : diff->fresh) log.add(finding, "new");
  for (const Finding& finding : diff->both) log.add(finding, "unchanged");
  for (const Finding& finding : diff->gone) log.add(finding, "absent");
  return log.text();
}

}  // namespace hakmem::tools
