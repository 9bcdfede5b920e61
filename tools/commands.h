// The subcommands of `hakmem`, one file each (cmd_<name>.cc). Called by main.cc alone.
// Invariant: an `add_…` function only describes the command line; the work happens in the action it
// leaves behind, so that `--help` and a bad option never start anything.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace hakmem::tools {

/// What the chosen subcommand does; returns the exit status of the process.
using Action = std::function<int()>;

/// The program to run: everything behind the subcommand's own options.
using ProgramArgs = std::vector<std::string>;

/// A failure that ends the command: one sentence for the user and the exit status that tells
/// scripts.
class CommandError : public std::runtime_error {
 public:
  CommandError(int exit_status, const std::string& sentence)
      : std::runtime_error(sentence), exit_status_(exit_status) {}
  int exit_status() const noexcept { return exit_status_; }

 private:
  int exit_status_;
};

void add_run(CLI::App& app, Action& action, const ProgramArgs& program);
void add_report(CLI::App& app, Action& action);
void add_history(CLI::App& app, Action& action);
void add_core(CLI::App& app, Action& action);
void add_options(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_lib(CLI::App& app, Action& action);
void add_fuzz(CLI::App& app, Action& action);
void add_explore(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_record(CLI::App& app, Action& action, const ProgramArgs& program);

/// Only in builds that have the benchmarks (HAKMEM_WITH_BENCH); all its arguments go to the
/// harness.
void add_bench(CLI::App& app);
int run_bench(const std::vector<std::string>& args);

}  // namespace hakmem::tools
