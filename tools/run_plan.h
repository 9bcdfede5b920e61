// What `hakmem run` is going to do, decided before anything runs: which options the program gets,
// where its report and verdict go. Called by cmd_run.cc. Pure but for making the work folder.
// Invariant: the option list of a plan parses, and never holds less than what the user gave.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/verdict.h"

namespace hakmem::tools {

/// Files that `hakmem run` writes after the run; empty: not wanted. %p %h %t %q{VAR} %% expand.
struct RunOutputs {
  std::string json, sarif, junit, html;
  bool any() const { return !json.empty() || !sarif.empty() || !junit.empty() || !html.empty(); }
};

/// The command line of `hakmem run`.
struct RunRequest {
  int level = 4;
  bool leaks = false;
  std::string stack;          ///< empty: the default
  std::string page;           ///< --page: off, after, before or both; empty: as the options say
  std::string suppressions;   ///< --suppressions; empty: none
  std::string output_folder;  ///< -o, empty: reports go to the current folder
  RunOutputs outputs;
  std::optional<int> exit_status;
  double timeout_seconds = 0;  ///< 0: none
  bool follow_children = false;
  bool gdb = false, rr = false, core = false;  ///< at most one of them
  std::string options;  ///< --options, as typed
};

/// A private folder that disappears with the object, for the verdict file.
class WorkFolder {
 public:
  WorkFolder();  ///< throws CommandError (125) when none can be made
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What the runtime is told.
struct RunPlan {
  std::string options;                  ///< value of HAKMEM_OPTIONS
  std::filesystem::path verdict;        ///< our private verdict file
  std::filesystem::path outer_verdict;  ///< the user's own verdict file; empty: none
  std::filesystem::path
      report_folder;  ///< reports are hk.PID in here; empty: `report=` is the user's
};

/// Decides the options. `inherited` is the user's HAKMEM_OPTIONS. Throws CommandError: 64 for a
/// wrong option, 125 when the folder of -o cannot be made.
RunPlan make_run_plan(const RunRequest& request, const std::string& inherited,
                      const std::filesystem::path& work_folder);

/// The value of LD_PRELOAD: `library` first, then what was there but for other libraries of ours.
/// A path that LD_PRELOAD cannot express is linked into `work_folder`.
std::string preload_value(const std::filesystem::path& library, const std::string& inherited,
                          const std::filesystem::path& work_folder);

/// Where report.json of the process `pid` is; empty when the user's own `report=` decides.
std::filesystem::path report_of(const RunPlan& plan, pid_t pid);

/// Index in `args` of the program: behind `--`, or the first word that is neither an option of
/// `command` nor the value of one. args.size() when there is none.
std::size_t program_begin(const CLI::App& command, const std::vector<std::string>& args);

}  // namespace hakmem::tools
