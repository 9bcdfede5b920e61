#include "tools/sarif_rules.h"

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/explanation.h"
#include "tools/plain_text.h"
#include "tools/render.h"

namespace hakmem::tools {
namespace {

std::string help_text(const ViolationRow& row) {
  std::string text = row.meaning;
  if (const Explanation* explanation = explanation_of(id_of(row.violation))) {
    text += fmt::format(
        "\n\nWhat it means: {}\n\nHow to read the report: {}\n\nHow to find the cause: {}\n\n"
        "What to do next: {}",
        explanation->means, explanation->reading, explanation->finding, explanation->next);
  }
  return text;
}

Json rule(const std::string& id, const std::string& name, const std::string& kind, bool ours,
          const std::string& meaning, const std::string& help) {
  const std::string full = ours ? kOurBug + (" " + meaning) : meaning;
  Json json = {{"id", id}};
  if (!name.empty()) json["name"] = name;
  json["shortDescription"] = {{"text", printable(kind)}};
  json["fullDescription"] = {{"text", full}};
  json["help"] = {{"text", help}};
  json["defaultConfiguration"] = {{"level", sarif_level(ours)}};
  json["properties"] = {{"tags", ours ? Json{"memory", "hakmem-bug"} : Json{"memory", "heap"}},
                        {"fault", ours ? "hakmem" : "program"}};
  return json;
}

}  // namespace

SarifRules::SarifRules() {
  for (const ViolationRow& row : kViolationTable) {
    Json json = rule(fmt::format("HK{}", id_of(row.violation)), row.identifier, row.kind,
                     row.fault == Fault::Hakmem, row.meaning, help_text(row));
    json["properties"]["foundFromLevel"] = row.level;
    rules_.push_back(std::move(json));
  }
}

std::size_t SarifRules::index_of(const Finding& finding) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i]["id"] == finding.id) return i;
  }
  const std::string meaning = fmt::format(
      "This version of the command-line program has no text for {}; that of the library's own "
      "version has.",
      finding.id);
  rules_.push_back(rule(finding.id, "", finding.kind, finding.ours, meaning, meaning));
  return rules_.size() - 1;
}

const char* sarif_level(bool ours) { return ours ? "warning" : "error"; }

Json sarif_message(const std::string& text) {
  const std::string safe = printable(text);
  const bool like_a_link = safe.find("](") != std::string::npos;
  std::string escaped;
  for (const char c : safe) {
    if (c == '{' || c == '}') escaped += c;
    if (like_a_link && (c == '[' || c == ']')) escaped += '\\';
    escaped += c;
  }
  return {{"text", escaped}};
}

}  // namespace hakmem::tools
