// `hakmem gate`: all that must hold before a change goes in, as one table: the stages of ci/test.
// With --target the black-box checks of any malloc library.

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/environment.h"
#include "tools/gate_command.h"
#include "tools/gate_render.h"
#include "tools/gate_target.h"
#include "tools/run_plan.h"
#include "tools/shard.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct GateRequest {
  std::string profile = "quick";
  std::string target;  ///< a library, or libc
  std::vector<std::string> only;
  std::string shard = "1/1";
  std::string baseline;
  unsigned jobs = 2;
  bool list = false;
  GateOutputs outputs;
};

GateDepth depth_called(const std::string& profile) {
  return profile == "quick"  ? GateDepth::Quick
         : profile == "full" ? GateDepth::Full
                             : GateDepth::Nightly;
}

/// A check is chosen by its group, its name or group/name; the last letter may be a star.
bool is_chosen(const GateCheck& check, const std::vector<std::string>& only) {
  const std::string names[] = {check.group, check.name, check.group + '/' + check.name};
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& text) {
    const bool star = text.ends_with('*');
    const std::string begin = text.substr(0, text.size() - (star ? 1 : 0));
    return std::any_of(std::begin(names), std::end(names), [&](const std::string& name) {
      return star ? name.starts_with(begin) : name == begin;
    });
  });
}

fs::path target_library(const std::string& target) {
  if (target == "libc") return {};
  std::error_code error;
  const fs::path library = fs::canonical(target, error);
  if (error || !fs::is_regular_file(library, error)) {
    throw CommandError(exit_code::kBadOption, fmt::format("no library {}", target));
  }
  return library;
}

void print_progress(const GateCheck& check) {
  fmt::print(stderr, "{}", progress_line(check));
}

int gate_target(const GateRequest& request) {
  const TargetRequest target{target_library(request.target), depth_called(request.profile)};
  const GatePlaces places = find_gate_places();
  std::vector<PlannedCheck> plan = plan_target(target, places);
  const Shard shard = parse_shard(request.shard);
  std::erase_if(plan, [&](const PlannedCheck& planned) {
    return !is_chosen(planned.check, request.only) || !shard.holds(planned.check.order);
  });
  if (plan.empty() && !request.only.empty()) {
    throw CommandError(exit_code::kBadOption, "--only names no check; --list names them all");
  }
  if (request.list) {
    for (const PlannedCheck& planned : plan) {
      fmt::print("{}/{}\n", planned.check.group, planned.check.name);
    }
    return 0;
  }
  prepare_gate_outputs(request.outputs);
  fs::create_directories(gate_folder());
  GateResult result;
  result.kind = "target";
  result.subject = request.target == "libc" ? "libc" : target.library.string();
  if (!shard.is_whole()) result.shards = {request.shard};
  result.checks = run_checks(plan, request.jobs, print_progress);
  std::error_code error;
  fs::remove(gate_folder(), error);  // only when it is empty
  write_gate_outputs(request.outputs, result);
  fmt::print("{}", render_gate_text(result));
  return exit_status_of(result);
}

/// The stages of ci/test, which builds and runs; what they found comes back as one result. They are
/// a script's work, and must also run where this program does not compile.
int gate_profile(const GateRequest& request) {
  const fs::path root = checkout_folder();
  const WorkFolder work;
  const std::string found = (work.path() / "gate.json").string();
  ChildSpec spec;
  spec.file = root / "ci" / "test";
  spec.args = {spec.file.string(), "--profile", request.profile};
  if (request.list) {
    spec.args.emplace_back("--list");
  } else {
    prepare_gate_outputs(request.outputs);
    spec.args.insert(spec.args.end(), {"--json", found});
  }
  if (!request.only.empty()) {
    spec.args.insert(spec.args.end(), {"--only", fmt::format("{}", fmt::join(request.only, ","))});
  }
  const fs::path baseline =
      request.baseline.empty() ? root / "ci" / "golden" / "bench_baseline.json"
                               : fs::path(request.baseline);
  std::error_code error;
  if (fs::exists(baseline, error)) {
    spec.args.insert(spec.args.end(), {"--baseline", fs::absolute(baseline).string()});
  }
  spec.environment = current_environment();
  const ProgramEnd end = run_child(spec);
  if (request.list || end.kind != ProgramEnd::Kind::Exited || end.value != 0) {
    return end.kind == ProgramEnd::Kind::Exited ? end.value : 128 + end.value;
  }
  std::vector<GateResult> results = read_gate_results({found});
  if (results.empty()) {
    throw CommandError(exit_code::kHakmemFailed, "ci/test left no result");
  }
  write_gate_outputs(request.outputs, results.front());
  fmt::print("\n{}", render_gate_text(results.front()));
  return exit_status_of(results.front());
}

}  // namespace

void add_gate(CLI::App& app, Action& action) {
  auto request = std::make_shared<GateRequest>();
  CLI::App* command =
      app.add_subcommand("gate", "Run every check of this checkout, or of any malloc");
  command->footer(
      "Exit status: 0 all passed; 89 a check failed, and the last lines are the commands that\n"
      "repeat it; 88 only slower than the baseline; 125 the gate could not run.\n"
      "Example: hakmem gate --target /usr/lib/x86_64-linux-gnu/libjemalloc.so.2 --junit out.xml");
  command->add_option("--profile", request->profile, "How much: quick, full or nightly")
      ->check(CLI::IsMember({"quick", "full", "nightly"}))
      ->type_name("NAME");
  command
      ->add_option("--target", request->target, "Any malloc library, from outside; or libc")
      ->type_name("LIB.so");
  command
      ->add_option("--only", request->only,
                   "These alone: a stage; with --target a group, a name or GROUP/NAME,\n"
                   "a star at the end for the rest")
      ->delimiter(',')
      ->type_name("CHECK");
  CLI::Option* const shard =
      command->add_option("--shard", request->shard, "Part K of N; `hakmem report` merges --json");
  shard->type_name("K/N");
  command
      ->add_option("--baseline", request->baseline,
                   "What `hakmem bench --quick --json` wrote, in place of\n"
                   "ci/golden/bench_baseline.json; more than a third above is red (88)")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->add_option("--jobs", request->jobs, "Checks at a time; 2 unless told")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command->add_flag("--list", request->list, "Print the names of the checks");
  command->add_option("--junit", request->outputs.junit, "JUnit XML")->type_name("FILE");
  command->add_option("--sarif", request->outputs.sarif, "SARIF 2.1.0")->type_name("FILE");
  command->add_option("--html", request->outputs.html, "One offline page")->type_name("FILE");
  command->add_option("--json", request->outputs.json, "For `hakmem report`")->type_name("FILE");
  command->callback([request, shard, &action] {
    if (request->target.empty() && shard->count() != 0) {
      throw CommandError(exit_code::kBadOption, "--shard is for --target; stages are --only");
    }
    action = [request] {
      return request->target.empty() ? gate_profile(*request) : gate_target(*request);
    };
  });
}

}  // namespace hakmem::tools
