#include "tools/bisect_tier.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {
namespace {

constexpr int kParallelRuns = 8;

/// A part that can be switched off, by its run-time option.
struct Part {
  std::string_view option;
  std::string_view name;
};

constexpr Part kParts[] = {
    {"tiny=0", "the tiny tier"},
    {"pool=0", "the pool tier"},
    {"shared_pool=0", "the shared pool of SuperSlabs"},
    {"remote=direct", "the queues of remote frees"},
    {"purge=0", "giving pages back"},
    {"learn=0", "what was learnt of giving pages back"},
    {"huge_pages=0", "huge pages"},
};

/// How some replays of one configuration ended.
struct Outcome {
  int runs = 0;
  int failed = 0;
  std::string what;  ///< of the first that failed, else of the last
};

Outcome replay_some(const ReplayRequest& request) {
  Outcome outcome;
  const int runs = request.parallel ? kParallelRuns : 1;
  for (; outcome.runs < runs; ++outcome.runs) {
    const ReplayResult result = replay(request);
    const bool failed = result.exit_status != 0;
    if (outcome.failed == 0) outcome.what = result.what;
    if (failed && outcome.failed == 0 && result.operation) {
      outcome.what += fmt::format(" in operation {}", *result.operation);
    }
    outcome.failed += failed ? 1 : 0;
  }
  return outcome;
}

void print(std::string_view option, const Outcome& outcome) {
  fmt::print("{:15} {}", option, outcome.what);
  if (outcome.runs > 1) fmt::print("  ({} of {} runs fail)", outcome.failed, outcome.runs);
  fmt::print("\n");
}

}  // namespace

int bisect_tier(ReplayRequest request) {
  if (request.level == 0) {
    throw CommandError(exit_code::kBadOption,
                       "level 0 has no switches; --bisect-tier needs --level 1 to 4");
  }
  request.quiet = true;
  const std::string given = request.options;
  const Outcome whole = replay_some(request);
  print("as it is", whole);
  if (whole.failed == 0) {
    fmt::print("it does not fail at level {}\n", request.level);
    return 0;
  }
  std::vector<const Part*> needed;
  for (const Part& part : kParts) {
    request.options = given + (given.empty() ? "" : ":") + std::string(part.option);
    const Outcome outcome = replay_some(request);
    print(part.option, outcome);
    if (outcome.failed == 0) needed.push_back(&part);
  }
  if (needed.empty()) {
    fmt::print("it fails without each of them: look at what they share, or at the caller\n");
  }
  for (const Part* const part : needed) {
    fmt::print("the failure needs {}: with {} it is gone\n", part->name, part->option);
  }
  return exit_code::kFinding;
}

}  // namespace hakmem::tools
