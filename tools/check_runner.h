// Runs planned checks, several at a time, each a command of its own process group. Called by
// gate_target.cc. Invariant: what runs is what the check's command says, word for word; no child is
// left behind, also when the gate itself is interrupted.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tools/gate_result.h"

namespace hakmem::tools {

/// Exit status of a check that could not check anything.
inline constexpr int kCheckSkipped = 77;

struct PlannedCheck {
  GateCheck check;                       ///< group, name and order; running adds the rest
  std::vector<std::string> environment;  ///< NAME=value, added to the caller's
  std::vector<std::string> argv;         ///< argv[0] is a path
  double limit_seconds = 120;
  bool serial = false;  ///< runs alone: it measures
  /// Makes checks of a clean end's output, where one command measures several things; may be empty.
  std::function<std::vector<GateCheck>(const std::string& output)> figures;
};

/// The command as a shell takes it. Variables of ours that the caller has are taken away.
std::string shell_command(const PlannedCheck& planned);

/// Runs all, at most `jobs` at a time, and returns them in the order of the plan. `on_done` is told
/// of each as it ends. Throws CommandError: 125 when no process can be made, 128+S when the gate
/// was told to stop by signal S.
std::vector<GateCheck> run_checks(const std::vector<PlannedCheck>& plan, unsigned jobs,
                                  const std::function<void(const GateCheck&)>& on_done);

/// What a failed program said about it: its lines from the first FAIL on, or its last ones.
std::string telling_lines(const std::string& output);

}  // namespace hakmem::tools
