// `hakmem mutants`: one defect at a time in copies of the sources, each of which a named technique
// must find. property_tests/mutants/mutants.py does and judges it, here its answer gets a gate's
// table and forms.

#include <memory>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/environment.h"
#include "tools/gate_command.h"
#include "tools/gate_render.h"
#include "tools/gate_target.h"
#include "tools/library_path.h"
#include "tools/run_plan.h"
#include "tools/shard.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct MutantsRequest {
  std::string action = "list";
  std::vector<std::string> names, groups;
  std::string shard = "1/1";
  unsigned jobs = 2;
  bool keep = false;
  GateOutputs outputs;
};

/// The driver's own words for the request; `found` is where it leaves what it found.
std::vector<std::string> driver_words(const MutantsRequest& request, const std::string& found) {
  const fs::path root = checkout_folder();
  std::vector<std::string> args = {
      "python3", "-B", (root / "property_tests" / "mutants" / "mutants.py").string(),
      request.action};
  const auto add = [&](const char* name, const std::string& value) {
    args.insert(args.end(), {name, value});
  };
  for (const std::string& group : request.groups) add("--group", group);
  if (request.action == "run") {
    add("--build", tool_directory().parent_path().string());
    add("--shard", request.shard);
    add("--jobs", std::to_string(request.jobs));
    add("--json", found);
    args.emplace_back("--brief");
    if (request.keep) args.emplace_back("--keep");
  }
  if (!request.names.empty()) args.emplace_back("--");
  args.insert(args.end(), request.names.begin(), request.names.end());
  return args;
}

int mutants(const MutantsRequest& request) {
  parse_shard(request.shard);
  prepare_gate_outputs(request.outputs);
  const WorkFolder work;
  const std::string found = (work.path() / "mutants.json").string();
  ChildSpec spec;
  spec.file = program_on_path("python3");
  if (spec.file.empty()) {
    throw CommandError(exit_code::kHakmemFailed, "python3 is not on the PATH; the mutants need it");
  }
  spec.args = driver_words(request, found);
  spec.environment = current_environment();
  const ProgramEnd end = run_child(spec);
  if (end.kind != ProgramEnd::Kind::Exited) return 128 + end.value;
  const bool judged = end.value == 0 || end.value == exit_code::kFinding;
  if (request.action == "list" || !judged) return end.value;
  const std::vector<GateResult> results = read_gate_results({found});
  if (results.empty()) {
    throw CommandError(exit_code::kHakmemFailed, "mutants.py left no result");
  }
  write_gate_outputs(request.outputs, results.front());
  if (request.outputs.json != "-") fmt::print("{}", render_gate_text(results.front()));
  return exit_status_of(results.front());
}

}  // namespace

void add_mutants(CLI::App& app, Action& action) {
  auto request = std::make_shared<MutantsRequest>();
  CLI::App* command = app.add_subcommand(
      "mutants", "Put defects into copies of the sources: do the tests find each?");
  command->footer(
      "Exit status: 0 each met its end as expected; 89 one did not, and the last lines repeat it;\n"
      "64 bad option; 125 the mutants could not run (the tests have to be built).\n"
      "Example: hakmem mutants run --shard 1/2 --json part-1.json");
  command->add_option("action", request->action, "list (the table) or run")
      ->check(CLI::IsMember({"list", "run"}))
      ->type_name("list|run");
  command->add_option("names", request->names, "These alone; all without a name")
      ->type_name("NAME");
  command->add_option("--group", request->groups, "A list of property_tests/mutants, such as "
                                                  "history_carving")
      ->delimiter(',')
      ->type_name("GROUP");
  command->add_option("--shard", request->shard, "Part K of N; `hakmem report` merges --json")
      ->type_name("K/N");
  command->add_option("--jobs", request->jobs, "Mutants at a time; 2 unless told")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command->add_flag("--keep", request->keep, "Keep what was built, in build/mutants/NAME");
  command->add_option("--junit", request->outputs.junit, "JUnit XML")->type_name("FILE");
  command->add_option("--sarif", request->outputs.sarif, "SARIF 2.1.0")->type_name("FILE");
  command->add_option("--html", request->outputs.html, "One offline page")->type_name("FILE");
  command->add_option("--json", request->outputs.json, "For `hakmem report`")->type_name("FILE");
  command->callback([request, &action] { action = [request] { return mutants(*request); }; });
}

}  // namespace hakmem::tools
