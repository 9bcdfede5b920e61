// What a gate found: named checks with a verdict each, and the command that repeats one. Made by
// gate_target.cc, fuzz_slices.cc, ci/lib/gate_result.py and the mutants' driver; written as JSON,
// merged by `hakmem report`, rendered by gate_render.cc.
// Invariant: a result without a check is never clean; a failed check has a command.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hakmem::tools {

enum class CheckState : unsigned char {
  Passed,
  Failed,
  Skipped,   ///< it cannot check anything here; the reason says why
  Measured,  ///< a figure, in the reason; judges nothing
};

struct GateCheck {
  std::string group;
  std::string name;
  CheckState state = CheckState::Passed;
  double seconds = 0;
  std::string reason;   ///< of a failure or a skip, or the figure; may have several lines
  std::string command;  ///< for a shell; repeats this check
  std::uint64_t order = 0;  ///< place in the unsharded run
  /// What this kind of check knows besides, by name: an object as its maker wrote it, or null.
  nlohmann::ordered_json facts;
};

struct GateResult {
  std::string kind;     ///< target, profile, fuzz or mutants
  std::string subject;  ///< the library, the profile, the fuzzer, which mutants
  std::vector<GateCheck> checks;
  std::vector<std::string> shards;  ///< the parts of a run that are here, as K/N; empty: all
};

struct GateCounts {
  std::size_t passed = 0, failed = 0, skipped = 0, measured = 0;
};

/// All of the result, or those of one group.
GateCounts count_checks(const GateResult& result, std::string_view group = {});

/// Groups in the order of their first check.
std::vector<std::string> groups_of(const GateResult& result);

/// 0 when something passed and nothing failed; 88 when it is only slower than a baseline; 89 (a
/// failure with its command) otherwise.
int exit_status_of(const GateResult& result);

std::string gate_json(const GateResult& result);

/// Throws CommandError (125) naming `file` when `text` is no result.
GateResult parse_gate_result(const std::string& text, const std::string& file);

/// The results in `names`, none when the first is no gate's result (a folder, a report of a run).
/// Throws CommandError (125) when only some are, or one cannot be read.
std::vector<GateResult> read_gate_results(const std::vector<std::string>& names);

/// One result of several shards: checks in the order of the unsharded run, and a failed one for
/// each shard that is not among them. Throws CommandError (64) when they are of different subjects
/// or numbers of shards, or hold one check twice.
GateResult merge_gate_results(const std::vector<GateResult>& results);

}  // namespace hakmem::tools
