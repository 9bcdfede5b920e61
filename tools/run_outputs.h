// What `hakmem run` writes after the run: the reports of all its processes as one, in the forms
// asked for. Called by cmd_run.cc. Invariant: a run that did not end well, or whose findings have
// no readable report, never looks clean in any form.
#pragma once

#include "tools/report_model.h"
#include "tools/run_plan.h"
#include "tools/verdict.h"

namespace hakmem::tools {

/// Before the run: every output has a place, and none of an earlier run is left to be taken for
/// this one's. Throws CommandError (125).
void prepare_outputs(const RunOutputs& outputs);

/// The merged report of the processes that the verdict names.
Report gather_reports(const RunPlan& plan, const Verdict& verdict, const ProgramEnd& end);

/// Writes each output asked for, %p in its name being the program's process id. Throws CommandError
/// (125) for the first that cannot be written, after trying all.
void write_outputs(const RunOutputs& outputs, const Report& report, const ProgramEnd& end);

}  // namespace hakmem::tools
