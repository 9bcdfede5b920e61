#include "tools/fuzz_slices.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/check_runner.h"
#include "tools/gate_render.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr double kSliceSeconds = 3600;
/// Short inputs are tried by the thousand a second; one slice in ten has long ones too.
constexpr std::uint64_t kShortInputBytes = 300, kLongInputBytes = 4096, kLongOneIn = 10;
constexpr const char* kExecuted = "stat::number_of_executed_units:";

/// What libFuzzer counted, from its closing statistics; empty when there are none.
std::string executions_in(const std::string& output) {
  const std::size_t at = output.find(kExecuted);
  if (at == std::string::npos) return {};
  const std::size_t begin = output.find_first_not_of(' ', at + std::string(kExecuted).size());
  return output.substr(begin, output.find('\n', begin) - begin);
}

/// The command that runs this slice and no other.
std::string slice_command(const SlicedFuzz& fuzz, std::uint64_t slice, std::uint64_t slices) {
  std::string text = fmt::format("hakmem fuzz --kind {} --runs {} --seed {} --shard {}/{}",
                                 fuzz.kind, fuzz.runs, fuzz.seed, slice + 1, slices);
  if (!fuzz.target.empty()) text += " --target " + fuzz.target;
  if (!fuzz.corpus.empty()) text += " --corpus " + fuzz.corpus.string();
  return text;
}

PlannedCheck plan_slice(const SlicedFuzz& fuzz, std::uint64_t slice) {
  const std::uint64_t runs = std::min(kSliceRuns, fuzz.runs - slice * kSliceRuns);
  const fs::path kept = fuzz.scratch / std::to_string(slice);
  fs::create_directories(kept);
  PlannedCheck planned;
  planned.check.group = "fuzz-" + fuzz.kind;
  planned.check.name = fmt::format("slice_{}_seed_{}", slice + 1, fuzz.seed + slice);
  planned.check.order = slice;
  planned.environment = fuzz.environment;
  planned.argv = {fuzz.program.string(),
                  fmt::format("-runs={}", runs),
                  fmt::format("-seed={}", fuzz.seed + slice),
                  fmt::format("-max_len={}",
                              slice % kLongOneIn == 0 ? kLongInputBytes : kShortInputBytes),
                  "-entropic=0",  // keeping count of rare features takes a third of the time
                  "-rss_limit_mb=4096",
                  // Its own status for a find, 77, is that of a check which cannot check.
                  fmt::format("-error_exitcode={}", exit_code::kFinding),
                  "-print_final_stats=1",
                  fmt::format("-artifact_prefix={}/", fuzz.artifacts.string()),
                  kept.string()};
  if (!fuzz.corpus.empty()) planned.argv.push_back(fuzz.corpus.string());
  planned.limit_seconds = kSliceSeconds;
  planned.figures = [model = planned.check](const std::string& output) {
    GateCheck check = model;
    check.reason = executions_in(output) + " executions";
    return std::vector<GateCheck>{check};
  };
  return planned;
}

}  // namespace

GateResult run_slices(const SlicedFuzz& fuzz) {
  const std::uint64_t slices = (fuzz.runs + kSliceRuns - 1) / kSliceRuns;
  std::vector<PlannedCheck> plan;
  for (std::uint64_t slice = 0; slice < slices; ++slice) {
    if (fuzz.shard.holds(slice)) plan.push_back(plan_slice(fuzz, slice));
  }
  GateResult result;
  result.kind = "fuzz";
  result.subject = fuzz.target.empty() ? fuzz.kind : fuzz.target;
  result.checks = run_checks(plan, fuzz.jobs, [](const GateCheck& check) {
    fmt::print(stderr, "{}{}\n", progress_line(check).substr(0, progress_line(check).size() - 1),
               check.state == CheckState::Passed ? ": " + check.reason : "");
  });
  for (GateCheck& check : result.checks) {
    check.command = slice_command(fuzz, check.order, slices);
  }
  return result;
}

}  // namespace hakmem::tools
