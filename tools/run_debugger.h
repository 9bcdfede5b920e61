// `hakmem run` with somebody watching: the program under gdb or rr. Called by cmd_run.cc.
// Invariant: the preloaded library and our variables reach the program, and not the debugger.
#pragma once

#include <filesystem>
#include <string>

#include "tools/child_process.h"

namespace hakmem::tools {

/// `program` started by gdb, which stops it at each finding, after the report. How it ended goes
/// to a file in `work_folder`. Throws CommandError (125) when gdb or our commands are missing.
ChildSpec under_gdb(const ChildSpec& program, int level, const std::filesystem::path& work_folder);

/// How the program ended under gdb; `debugger_end` when it was not told, as when a person left.
ProgramEnd end_under_gdb(const ProgramEnd& debugger_end, const std::filesystem::path& work_folder);

/// `program` recorded by rr into `recording`. Throws CommandError (125) when rr is missing.
ChildSpec under_rr(const ChildSpec& program, const std::filesystem::path& recording);

}  // namespace hakmem::tools
