#include "tools/run_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>

#include "tools/commands.h"
#include "tools/option_list.h"
#include "tools/output_file.h"
#include "tools/render.h"
#include "tools/report_input.h"
#include "tools/report_merge.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct Output {
  const char* option;
  std::string name;
};

std::vector<Output> wanted(const RunOutputs& outputs) {
  std::vector<Output> all = {{"--json", outputs.json},
                             {"--sarif", outputs.sarif},
                             {"--junit", outputs.junit},
                             {"--html", outputs.html}};
  std::erase_if(all, [](const Output& output) { return output.name.empty(); });
  return all;
}

std::string render(std::string_view option, const Report& report) {
  if (option == "--json") return render_json(report);
  if (option == "--sarif") {
    std::error_code error;
    return render_sarif(report, nullptr, fs::current_path(error));
  }
  return option == "--junit" ? render_junit(report) : render_html(report);
}

void add_troubles(const Verdict& verdict, const ProgramEnd& end, Report& report) {
  std::set<std::string> known;
  for (const Finding& finding : report.findings) known.insert(finding.dedup);
  for (const VerdictLine& line : verdict.lines) {
    if (known.contains(line.dedup)) continue;
    report.troubles.push_back(fmt::format("process {} found HK{} ({}), but no report has it",
                                          line.pid, line.id, line.dedup));
  }
  if (verdict.unreadable != 0) {
    report.troubles.push_back(fmt::format("{} unreadable verdict line(s)", verdict.unreadable));
  }
  if (end.kind == ProgramEnd::Kind::TimedOut) {
    report.troubles.push_back("the time limit was reached; what came after it was not seen");
  } else if (end.kind == ProgramEnd::Kind::Signaled && verdict.lines.empty()) {
    report.troubles.push_back(fmt::format("killed by signal {} without a finding", end.value));
  }
}

}  // namespace

void prepare_outputs(const RunOutputs& outputs) {
  for (const Output& output : wanted(outputs)) {
    const std::string name = expand_file_name(output.name, 0);
    require_writable_place(name, output.option);
    std::error_code error;
    if (name != "-" && fs::is_regular_file(name, error)) fs::remove(name, error);
  }
}

Report gather_reports(const RunPlan& plan, const Verdict& verdict, const ProgramEnd& end) {
  std::vector<Report> reports;
  std::vector<std::string> troubles;
  std::set<pid_t> seen;
  for (const VerdictLine& line : verdict.lines) {
    if (!seen.insert(line.pid).second) continue;
    try {
      reports.push_back(read_report(report_of(plan, line.pid)));
    } catch (const CommandError& error) {
      troubles.emplace_back(error.what());
    }
  }
  Report report = merge_reports(reports);
  report.troubles.insert(report.troubles.end(), troubles.begin(), troubles.end());
  add_troubles(verdict, end, report);
  return report;
}

void write_outputs(const RunOutputs& outputs, const Report& report, const ProgramEnd& end) {
  std::exception_ptr first;
  for (const Output& output : wanted(outputs)) {
    try {
      write_output(expand_file_name(output.name, end.pid), render(output.option, report),
                   output.option);
    } catch (const CommandError&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace hakmem::tools
