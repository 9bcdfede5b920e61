// The forms of a gate's result. Called by cmd_gate.cc, cmd_fuzz.cc and cmd_report.cc. Pure.
// Invariant: what a check printed is data in every form; a failed check has its command in each.
#pragma once

#include <string>

#include "tools/gate_result.h"

namespace hakmem::tools {

/// A line about one check while the run goes on: "ok   api names.malloc (0.1 s)".
std::string progress_line(const GateCheck& check);

/// The table by group; then each failure with its reason; the failures' commands last.
std::string render_gate_text(const GateResult& result);
std::string render_gate_junit(const GateResult& result);
/// SARIF 2.1.0: a rule for each group, a result for each failed check.
std::string render_gate_sarif(const GateResult& result);
/// One page that needs no other file and no network.
std::string render_gate_html(const GateResult& result);

/// Files to write; empty: not wanted; "-": standard output.
struct GateOutputs {
  std::string junit, sarif, html, json;
};

/// Before a long run: every output has a place. Throws CommandError (125).
void prepare_gate_outputs(const GateOutputs& outputs);
/// Throws CommandError (125) for one that cannot be written.
void write_gate_outputs(const GateOutputs& outputs, const GateResult& result);

}  // namespace hakmem::tools
