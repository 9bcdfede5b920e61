#include "tools/gate_render.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "tools/html_assets.h"
#include "tools/option_list.h"
#include "tools/output_file.h"
#include "tools/plain_text.h"
#include "tools/report_model.h"
#include "tools/sarif_rules.h"

namespace hakmem::tools {
namespace {

constexpr const char* kSchemaUri =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
constexpr std::size_t kReasonLinesMax = 12;

const char* word_of(CheckState state) {
  switch (state) {
    case CheckState::Passed: return "ok";
    case CheckState::Failed: return "FAILED";
    case CheckState::Skipped: return "SKIPPED";
    case CheckState::Measured: return "is";
  }
  return "";
}

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')));
}

/// The reason's first lines, each indented and harmless.
std::string indented(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t line = 0; at < text.size() && line < kReasonLinesMax; ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += "    " + printable(text.substr(at, end - at)) + '\n';
    at = end + 1;
  }
  if (at < text.size()) out += "    …\n";
  return out;
}

double seconds_of_group(const GateResult& result, const std::string& group) {
  double seconds = 0;
  for (const GateCheck& check : result.checks) {
    if (group.empty() || check.group == group) seconds += check.seconds;
  }
  return seconds;
}

std::string table_line(const std::string& name, const GateCounts& counts, double seconds) {
  const char* const word = counts.failed != 0                     ? "FAILED"
                           : counts.passed + counts.measured != 0 ? "ok"
                                                                  : "SKIPPED";
  return fmt::format("{:<20} {:<8} {:>7} {:>7} {:>8} {:>9} {:>8.1f} s\n", name, word,
                     counts.passed, counts.failed, counts.skipped, counts.measured, seconds);
}

/// One line for each check that knows its killer: a mutant. `hakmem mutants` is the maker of these
/// facts; the seconds are the killer's own.
std::string table_of_mutants(const GateResult& result) {
  std::string lines;
  for (const GateCheck& check : result.checks) {
    if (!check.facts.contains("killer")) continue;
    const auto word = [&](const char* name) {
      return printable(check.facts.value(name, std::string()));
    };
    lines += fmt::format("{:<28} {:<44.44} {:>5} {:>9.2f} {:>6}  {:<15} {:.60}\n",
                         printable(check.name), word("killer"), check.facts.value("level", 0),
                         check.facts.value("run_seconds", 0.0), check.facts.value("seed", 0L),
                         word("verdict"), word("message"));
  }
  if (lines.empty()) return lines;
  return fmt::format("{:<28} {:<44} {:>5} {:>9} {:>6}  {:<15} {}\n", "mutant", "killer", "level",
                     "seconds", "seed", "verdict", "found as") +
         lines + '\n';
}

/// What there is to say of a check in one line.
std::string remark_of(const GateCheck& check) {
  if (check.state != CheckState::Passed) return first_line(check.reason);
  if (!check.facts.contains("killer")) return {};
  return printable(check.facts.value("killer", std::string())) + ": " + first_line(check.reason);
}

std::string title_of(const GateResult& result) {
  return fmt::format("gate of {} {}", result.kind, printable(result.subject));
}

}  // namespace

std::string progress_line(const GateCheck& check) {
  const bool why = check.state != CheckState::Passed;
  return fmt::format("{:<7} {} {} ({:.1f} s){}\n", word_of(check.state), check.group, check.name,
                     check.seconds, why ? ": " + first_line(check.reason) : "");
}

std::string render_gate_text(const GateResult& result) {
  std::string text = title_of(result) + "\n\n" + table_of_mutants(result);
  for (const GateCheck& check : result.checks) {
    if (check.state == CheckState::Failed) {
      text += fmt::format("FAILED {} {}\n{}", check.group, check.name, indented(check.reason));
    }
  }
  for (const GateCheck& check : result.checks) {
    if (check.state != CheckState::Skipped) continue;
    text += fmt::format("SKIPPED {} {}: {}\n", check.group, check.name, first_line(check.reason));
  }
  for (const GateCheck& check : result.checks) {
    if (check.state != CheckState::Measured) continue;
    text += fmt::format("{} {}: {}\n", check.group, check.name, first_line(check.reason));
  }
  text += fmt::format("\n{:<20} {:<8} {:>7} {:>7} {:>8} {:>9} {:>10}\n", "checks", "result",
                      "passed", "failed", "skipped", "measured", "time");
  for (const std::string& group : groups_of(result)) {
    text += table_line(group, count_checks(result, group), seconds_of_group(result, group));
  }
  const GateCounts all = count_checks(result);
  text += table_line("all", all, seconds_of_group(result, ""));
  if (result.checks.empty()) text += "FAILED: no check ran\n";
  text += fmt::format("\n{} passed, {} failed, {} skipped\n", all.passed, all.failed, all.skipped);
  if (all.failed != 0) text += "\nto see each failure again:\n";
  for (const GateCheck& check : result.checks) {
    if (check.state != CheckState::Failed) continue;
    text += fmt::format("  # {} {}\n  {}\n", check.group, check.name, printable(check.command));
  }
  return text;
}

std::string render_gate_junit(const GateResult& result) {
  std::string suites;
  for (const std::string& group : groups_of(result)) {
    std::string cases;
    for (const GateCheck& check : result.checks) {
      if (check.group != group) continue;
      cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">",
                           markup(group), markup(check.name), check.seconds);
      if (check.state == CheckState::Failed) {
        cases += fmt::format("<failure message=\"{}\">{}\nagain: {}</failure>",
                             markup(first_line(check.reason)), markup_lines(check.reason),
                             markup(check.command));
      } else if (check.state == CheckState::Skipped) {
        cases += fmt::format("<skipped message=\"{}\"/>", markup(first_line(check.reason)));
      } else if (check.state == CheckState::Measured) {
        cases += fmt::format("<system-out>{}</system-out>", markup_lines(check.reason));
      }
      cases += "</testcase>\n";
    }
    const GateCounts counts = count_checks(result, group);
    suites += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
        "time=\"{:.3f}\">\n{}  </testsuite>\n",
        markup(group), counts.passed + counts.failed + counts.skipped + counts.measured,
        counts.failed, counts.skipped, seconds_of_group(result, group), cases);
  }
  const GateCounts all = count_checks(result);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{}\" "
      "failures=\"{}\" errors=\"0\">\n{}</testsuites>\n",
      markup(title_of(result)), result.checks.size(), all.failed, suites);
}

std::string render_gate_sarif(const GateResult& result) {
  Json rules = Json::array();
  Json results = Json::array();
  const std::vector<std::string> groups = groups_of(result);
  for (const std::string& group : groups) {
    rules.push_back({{"id", printable(group)},
                     {"shortDescription", {{"text", "checks of " + printable(group)}}},
                     {"defaultConfiguration", {{"level", "error"}}}});
  }
  for (const GateCheck& check : result.checks) {
    if (check.state != CheckState::Failed) continue;
    const auto rule = std::find(groups.begin(), groups.end(), check.group) - groups.begin();
    const std::string name = printable(check.group + '/' + check.name);
    results.push_back(
        {{"ruleId", printable(check.group)},
         {"ruleIndex", rule},
         {"level", "error"},
         {"message", sarif_message(printable(check.name) + ": " + first_line(check.reason))},
         {"locations",
          Json::array({{{"logicalLocations", Json::array({{{"fullyQualifiedName", name}}})}}})},
         {"partialFingerprints", {{"hakmemGate/v1", printable(result.subject) + '/' + name}}},
         {"properties", {{"command", check.command}, {"reason", check.reason}}}});
  }
  const Json run = {
      {"tool",
       {{"driver",
         {{"name", "HAKMEM gate"}, {"version", HAKMEM_TOOL_VERSION}, {"rules", rules}}}}},
      {"invocations", Json::array({{{"executionSuccessful", !result.checks.empty()}}})},
      {"results", std::move(results)}};
  const Json log = {{"$schema", kSchemaUri}, {"version", "2.1.0"}, {"runs", Json::array({run})}};
  return log.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string render_gate_html(const GateResult& result) {
  const std::string title = markup(title_of(result));
  const GateCounts all = count_checks(result);
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"{}\">{} passed, {} failed, {} skipped"
                                 "</p>\n",
                                 title, all.failed != 0 ? "trouble" : "sentence", all.passed,
                                 all.failed, all.skipped);
  if (result.checks.empty()) body += "<p class=\"trouble\">no check ran</p>\n";
  for (const GateCheck& check : result.checks) {
    if (check.state != CheckState::Failed) continue;
    body += fmt::format("<section>\n<h2>{} {}</h2>\n<pre>{}</pre>\n<p>To see it again:</p>\n"
                        "<pre>{}</pre>\n</section>\n",
                        markup(check.group), markup(check.name), markup_lines(check.reason),
                        markup(check.command));
  }
  for (const std::string& group : groups_of(result)) {
    body += fmt::format("<h2>{}</h2>\n<table class=\"facts\">\n", markup(group));
    for (const GateCheck& check : result.checks) {
      if (check.group != group) continue;
      body += fmt::format("<tr><th>{}</th><td>{}</td><td>{:.1f} s</td><td>{}</td></tr>\n",
                          markup(check.name), word_of(check.state), check.seconds,
                          markup(remark_of(check)));
    }
    body += "</table>\n";
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      kPolicy, title, kPageStyle, body);
}

void prepare_gate_outputs(const GateOutputs& outputs) {
  const auto prepare = [](const std::string& file, const char* option) {
    if (!file.empty()) require_writable_place(expand_file_name(file, getpid()), option);
  };
  prepare(outputs.junit, "--junit");
  prepare(outputs.sarif, "--sarif");
  prepare(outputs.html, "--html");
  prepare(outputs.json, "--json");
}

void write_gate_outputs(const GateOutputs& outputs, const GateResult& result) {
  const auto write = [](const std::string& file, const std::string& text, const char* option) {
    if (!file.empty()) write_output(expand_file_name(file, getpid()), text, option);
  };
  write(outputs.junit, outputs.junit.empty() ? "" : render_gate_junit(result), "--junit");
  write(outputs.sarif, outputs.sarif.empty() ? "" : render_gate_sarif(result), "--sarif");
  write(outputs.html, outputs.html.empty() ? "" : render_gate_html(result), "--html");
  write(outputs.json, outputs.json.empty() ? "" : gate_json(result), "--json");
}

}  // namespace hakmem::tools
