// `hakmem report DIR|FILE…`: the reports of earlier runs as one, in the form asked for, or what
// differs between them and those of another run.

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/gate_render.h"
#include "tools/option_list.h"
#include "tools/output_file.h"
#include "tools/render.h"
#include "tools/report_input.h"
#include "tools/report_merge.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct ReportRequest {
  std::vector<std::string> names;
  std::string other;  ///< --diff, empty: none
  bool text = false, json = false;
  std::string html_file, sarif_file, junit_file;  ///< empty: none; "-": standard output
};

/// Results of `hakmem gate` or `hakmem fuzz`, parts of one run, as one. Status 89 when one failed.
int report_gate(const ReportRequest& request, const std::vector<GateResult>& parts) {
  if (!request.other.empty()) {
    throw CommandError(exit_code::kBadOption, "--diff compares reports of runs, not of gates");
  }
  const GateResult result = merge_gate_results(parts);
  const GateOutputs outputs{request.junit_file, request.sarif_file, request.html_file,
                            request.json ? "-" : ""};
  prepare_gate_outputs(outputs);
  write_gate_outputs(outputs, result);
  const bool any_file = !outputs.junit.empty() || !outputs.sarif.empty() || !outputs.html.empty();
  if (request.text || (!any_file && !request.json)) {
    write_output("-", render_gate_text(result), "--text");
  }
  return exit_status_of(result);
}

int report(const ReportRequest& request) {
  const std::vector<GateResult> gates = read_gate_results(request.names);
  if (!gates.empty()) return report_gate(request, gates);
  const Report newer = merge_reports(read_reports(request.names));
  Report older;
  ReportDiff diff;
  const bool differs = !request.other.empty();
  if (differs) {
    older = merge_reports(read_reports({request.other}));
    diff = diff_reports(newer, older);
  }
  const auto write = [](const std::string& file, const std::string& text, const char* option) {
    if (!file.empty()) write_output(expand_file_name(file, getpid()), text, option);
  };
  if (!request.sarif_file.empty()) {
    std::error_code error;
    const fs::path here = fs::current_path(error);
    write(request.sarif_file, render_sarif(newer, differs ? &diff : nullptr, here), "--sarif");
  }
  if (!request.junit_file.empty()) write(request.junit_file, render_junit(newer), "--junit");
  if (!request.html_file.empty()) write(request.html_file, render_html(newer), "--html");
  const bool any_file =
      !request.sarif_file.empty() || !request.junit_file.empty() || !request.html_file.empty();
  if (request.json) {
    write("-", differs ? render_json(diff, newer) : render_json(newer), "--json");
  } else if (request.text || !any_file) {
    write("-", differs ? render_text(diff, newer) : render_text(newer), "--text");
  }
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  auto request = std::make_shared<ReportRequest>();
  CLI::App* command =
      app.add_subcommand("report", "Merge the reports of runs and write them in another form");
  command->footer(
      "Example: hakmem report out --sarif out/findings.sarif\n"
      "In FILE %p is this process, %h the host, %t the time in seconds; - is standard output.");
  command
      ->add_option("reports", request->names,
                   "report.json files, or folders that hold them (hk.PID, or the folder of -o);\n"
                   "or the --json files of gate or fuzz, which are merged")
      ->required()
      ->type_name("DIR|FILE");
  CLI::Option* text = command->add_flag("--text", request->text, "For people (the default)");
  command->add_flag("--json", request->json, "Merged JSON (docs/merged_report.schema.json)")
      ->excludes(text);
  CLI::Option* html =
      command->add_option("--html", request->html_file, "One offline page")->type_name("FILE");
  command->add_option("--sarif", request->sarif_file, "SARIF 2.1.0")->type_name("FILE");
  CLI::Option* junit =
      command->add_option("--junit", request->junit_file, "JUnit XML")->type_name("FILE");
  command
      ->add_option("--diff", request->other,
                   "Findings that are new, gone and in both against these other reports")
      ->excludes(html)
      ->excludes(junit)
      ->type_name("DIR|FILE");
  command->callback([request, &action] { action = [request] { return report(*request); }; });
}

}  // namespace hakmem::tools
