// `hakmem explore`: starts the explorer that lies beside this program, which runs the heap through
// the interleavings of its threads, and turns its answer into our exit status.

#include <memory>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/duration.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFindings = "hk.explore";

struct ExploreRequest {
  std::string protocol = "all";
  std::string hkops;
  std::string strategy = "mix";
  std::string time;
  std::string shard;
  std::string script;
  unsigned long long seeds = 0, programs = 0, replay = 0;
  int preemptions = -1, stale = -1;
  unsigned jobs = 1, depth = 0, repeat = 0, tiny = 0;
  int level = 0;
  bool list = false, no_stale = false, no_races = false;
};

/// The explorer with the heap of that level.
std::string explorer_of(int level) {
  return level == 0 ? "hakmem_explorer" : fmt::format("hakmem_explorer_l{}", level);
}

fs::path require_explorer(int level) {
  const std::string name = explorer_of(level);
  const fs::path program = tool_directory() / name;
  std::error_code error;
  if (fs::exists(program, error)) return program;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} is not there; it comes with the tests: cmake -S . -B build "
                                 "-G Ninja -DHAKMEM_BUILD_TESTS=ON && ninja -C build {} hakmem, "
                                 "then build/bin/hakmem explore (needs g++ 12, clang 14 or 19)",
                                 program.string(), name));
}

/// The explorer's own words for the request; what was not asked for is left to its defaults.
std::vector<std::string> arguments_of(const ExploreRequest& request) {
  std::vector<std::string> args = {explorer_of(request.level)};
  const auto add = [&](const char* name, const auto& value, bool asked) {
    if (asked) args.insert(args.end(), {name, fmt::format("{}", value)});
  };
  const auto add_flag = [&](const char* name, bool asked) {
    if (asked) args.emplace_back(name);
  };
  const bool one_schedule = request.replay != 0 || !request.script.empty();
  add("--protocol", request.protocol, request.hkops.empty());
  add("--hkops", request.hkops, !request.hkops.empty());
  add("--strategy", request.strategy, true);
  add("--seeds", request.seeds, request.seeds != 0);
  add("--programs", request.programs, request.programs != 0);
  add("--seconds", request.time.empty() ? 0 : seconds_of(request.time), !request.time.empty());
  add("--jobs", request.jobs, request.jobs > 1);
  add("--shard", request.shard, !request.shard.empty());
  add("--tiny", request.tiny, request.tiny != 0);
  add("--depth", request.depth, request.depth != 0);
  add("--preemptions", request.preemptions, request.preemptions >= 0);
  add("--stale", request.stale, request.stale >= 0);
  add("--replay", request.replay, request.replay != 0);
  add("--script", request.script, !request.script.empty());
  add("--repeat", request.repeat, request.repeat != 0);
  add("--artifacts", kFindings, !one_schedule);
  add("--called", request.level == 0 ? "hakmem explore"
                                     : fmt::format("hakmem explore --level {}", request.level),
      true);
  add_flag("--no-stale", request.no_stale);
  add_flag("--no-races", request.no_races);
  add_flag("--list", request.list);
  add_flag("--coverage", !request.list && !one_schedule);
  return args;
}

int explore(const ExploreRequest& request) {
  const bool one_schedule = request.replay != 0 || !request.script.empty();
  const bool one_program =
      !request.hkops.empty() || request.protocol.find(':') != std::string::npos;
  if (one_schedule && !one_program) {
    throw CommandError(exit_code::kBadOption,
                       "a seed means a schedule of one program: add --protocol NAME:N or --hkops "
                       "FILE, as the finding says");
  }
  ChildSpec spec;
  spec.args = arguments_of(request);
  spec.file = require_explorer(request.level);
  spec.environment = current_environment();
  const ProgramEnd end = run_child(spec);
  if (end.kind != ProgramEnd::Kind::Exited) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{} was ended by signal {}", spec.args[0], end.value));
  }
  constexpr int kFound = 1;
  return end.value == kFound ? exit_code::kFinding : end.value;
}

void add_bounds(CLI::App& command, ExploreRequest& request) {
  command.add_option("--seeds", request.seeds, "Schedules of each protocol; dfs: of each program")
      ->type_name("N");
  command.add_option("--programs", request.programs, "Programs of each protocol")->type_name("N");
  command.add_option("--tiny", request.tiny, "Cut programs to K operations of each thread: for dfs")
      ->type_name("K");
  command.add_option("--time", request.time, "How long in all: 60s, 5m, 2h")->type_name("TIME");
  command.add_option("--preemptions", request.preemptions, "Bound of dfs")
      ->check(CLI::Range(0, 16))
      ->type_name("K");
  command.add_option("--stale", request.stale, "Bound of dfs: loads of an older store")
      ->check(CLI::Range(0, 16))
      ->type_name("K");
  command.add_option("--depth", request.depth, "Of pct: one more than its change points")
      ->check(CLI::Range(1, 8))
      ->type_name("D");
  command.add_option("--jobs", request.jobs, "Processes at a time")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command.add_option("--shard", request.shard, "The K-th of N parts of the programs")
      ->type_name("K/N");
  command.add_flag("--no-stale", request.no_stale, "Loads return the newest store");
  command.add_flag("--no-races", request.no_races, "Data races are no findings");
}

}  // namespace

void add_explore(CLI::App& app, Action& action) {
  auto request = std::make_shared<ExploreRequest>();
  CLI::App* command =
      app.add_subcommand("explore", "Run the heap through the interleavings of its threads");
  command->footer(
      "Exit status: 0 nothing found, 89 found (how to see it again is printed and kept in\n"
      "hk.explore/), 64 bad option, 125 the explorer cannot run.\n"
      "Example: hakmem explore --protocol adoption --time 5m --jobs 4");
  command
      ->add_option("--protocol", request->protocol,
                   "Which kind of programs, see --list; NAME:N is one program")
      ->type_name("NAME|all");
  command->add_option("--level", request->level, "Integrity level of the heap")
      ->check(CLI::Range(0, 4))
      ->type_name("N");
  command->add_option("--hkops", request->hkops, "The program of this file of operations")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->add_option("--strategy", request->strategy, "How schedules are chosen")
      ->check(CLI::IsMember({"mix", "random", "pct", "dfs"}))
      ->type_name("mix|random|pct|dfs");
  add_bounds(*command, *request);
  command->add_option("--replay", request->replay, "Only the schedule of this seed")
      ->type_name("SEED");
  command->add_option("--script", request->script, "Only the schedule of these decisions")
      ->type_name("DECISIONS");
  command->add_option("--repeat", request->repeat, "With --replay: so often again, all alike")
      ->type_name("N");
  command->add_flag("--list", request->list, "The protocols that there are programs for");
  command->callback([request, &action] { action = [request] { return explore(*request); }; });
}

}  // namespace hakmem::tools
