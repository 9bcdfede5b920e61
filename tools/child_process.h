// Runs one program as a child: signals forwarded, an optional time limit on its process group.
// Called by run and doctor. Invariant: the caller's signal mask is as before when a call returns,
// and no child of ours is left unreaped.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tools/verdict.h"

namespace hakmem::tools {

struct ChildSpec {
  std::filesystem::path file;            ///< what is executed; no search
  std::vector<std::string> args;         ///< args[0] is the name the program sees
  std::vector<std::string> environment;  ///< whole, as NAME=value
  /// With a limit the child leads a process group of its own (handed the terminal when we have it),
  /// so that the limit ends all of it: SIGTERM, and after kKillGrace SIGKILL.
  std::optional<std::chrono::milliseconds> limit;
  /// The end is that of the program and of all processes that it left behind, in whichever group.
  bool follow_children = false;
};

inline constexpr std::chrono::milliseconds kKillGrace{2000};

/// Runs the program to its end. SIGINT, SIGTERM, SIGHUP and SIGQUIT that reach us meanwhile go to
/// it. Throws CommandError: 126 when the kernel refuses to execute it, 125 when no child can be
/// made.
ProgramEnd run_child(const ChildSpec& spec);

/// What a short helper program printed.
struct Captured {
  ProgramEnd end;
  std::string output;  ///< standard output and standard error, as they came
};

/// Runs a helper with standard input empty and its output captured; ended after `limit`.
/// Throws CommandError as run_child.
Captured capture_child(ChildSpec spec, std::chrono::milliseconds limit);

}  // namespace hakmem::tools
