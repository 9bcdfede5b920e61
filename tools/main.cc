// `hakmem`, the command-line program: parses the command line, runs one subcommand, turns every
// failure into one sentence and an exit status (interface: 64 bad option, 125 hakmem itself
// failed).

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/gate_command.h"
#include "tools/nearest.h"
#include "tools/run_plan.h"

namespace hakmem::tools {
namespace {

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// Refuses what CLI11 would only call "not expected": names the nearest that exists.
void check_names(const CLI::App& app, const std::vector<std::string>& args) {
  if (args.empty() || args[0].starts_with("-")) return;
  const std::vector<std::string> names = subcommand_names(app);
  if (std::find(names.begin(), names.end(), args[0]) == names.end()) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("unknown command '{}'; the nearest is '{}' (`hakmem --help` "
                                   "lists all)",
                                   args[0], nearest_name(args[0], names)));
  }
  const CLI::App* command = app.get_subcommand(args[0]);
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::string name = args[i].substr(0, args[i].find('='));
    if (!name.starts_with("--") || command->get_option_no_throw(name) != nullptr) continue;
    throw CommandError(exit_code::kBadOption,
                       fmt::format("unknown option '{}'; the nearest is '{}' (`hakmem {} --help` "
                                   "lists all)",
                                   name, nearest_name(name, option_names(*command)), args[0]));
  }
}

/// Takes the program to run and its arguments off the command line of `run` or `record`.
ProgramArgs split_program_off(const CLI::App& app, std::vector<std::string>& args) {
  if (args.empty() || (args[0] != "run" && args[0] != "record")) return {};
  const std::vector<std::string> behind(args.begin() + 1, args.end());
  const std::size_t begin = program_begin(*app.get_subcommand(args[0]), behind);
  ProgramArgs program(behind.begin() + static_cast<std::ptrdiff_t>(begin), behind.end());
  args.resize(1 + begin);
  if (args.back() == "--") args.pop_back();
  return program;
}

int dispatch(std::vector<std::string> args) {
  CLI::App app("A malloc that can also find heap bugs.", "hakmem");
  app.set_version_flag("--version", "hakmem " HAKMEM_TOOL_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status of run: the program's own when clean, 86 heap error, 87 a bug of HAKMEM, 90 "
      "leak\n"
      "only, 64 bad option, 124 timeout, 125 hakmem failed, 126/127 not executable / not found,\n"
      "128+S killed by signal S without a finding.");
  Action action;
  ProgramArgs program;
  add_run(app, action, program);
#ifdef HAKMEM_WITH_BENCH
  add_bench(app);
  if (!args.empty() && args[0] == "bench") return run_bench({args.begin() + 1, args.end()});
#endif
  add_report(app, action);
  add_history(app, action);
  add_core(app, action);
  add_options(app, action);
  add_explain(app, action);
  add_doctor(app, action);
  add_lib(app, action);
  add_fuzz(app, action);
  add_gate(app, action);
  add_mutants(app, action);
  add_explore(app, action);
  add_replay(app, action);
  add_record(app, action, program);
  program = split_program_off(app, args);
  check_names(app, args);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    throw CommandError(
        exit_code::kBadOption,
        fmt::format("{} (see `hakmem{} --help`)", error.what(), args.empty() ? "" : " " + args[0]));
  }
  return action();
}

}  // namespace
}  // namespace hakmem::tools

int main(int argc, char** argv) {
  int status = hakmem::exit_code::kHakmemFailed;
  try {
    status = hakmem::tools::dispatch({argv + 1, argv + argc});
  } catch (const hakmem::tools::CommandError& error) {
    fmt::print(stderr, "hakmem: {}\n", error.what());
    return error.exit_status();
  } catch (const std::exception& error) {
    fmt::print(stderr, "hakmem: {}\n", error.what());
    return status;
  }
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "hakmem: standard output cannot be written\n");
    return hakmem::exit_code::kHakmemFailed;
  }
  return status;
}
