// `hakmem run --page`: a program's run in page mode, or its two runs, one for each side of a block.
// Called by cmd_run.cc. Invariant: a finding of both runs is counted once, and the end is the worse
// one of the two.
#pragma once

#include <string>

#include "tools/child_process.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

/// Throws CommandError (64) when page mode is asked for, by `page` (the value of --page, may be
/// empty) or by the options, in words it does not know or at a level that does not have it.
void require_page_mode(const std::string& page, const std::string& options, int level);

/// How the program ended and what its processes wrote into the verdict file.
struct PageOutcome {
  ProgramEnd end;
  std::string verdict_text;
};

/// Runs the program once or, for `both`, with the guard after and then before each block; a run
/// that is interrupted (SIGINT, SIGTERM) is the last one. Throws as run_child().
PageOutcome run_page_sides(const ChildSpec& spec, const RunPlan& plan, const std::string& page);

/// `first` and those lines of `second` whose finding (its dedup token) is not in `first`.
std::string merge_verdicts(const std::string& first, const std::string& second);

/// The worse end: a time-out, then a signal, then a status other than 0; of equals the first.
ProgramEnd worse_end(const ProgramEnd& first, const ProgramEnd& second);

/// A hint for a program that was killed in page mode without a finding; empty when there is none.
std::string hint_for(const ProgramEnd& end, const std::string& page, const std::string& options);

}  // namespace hakmem::tools
