// Random operations on the malloc of this process, round after round on real threads: hand-over,
// threads that come and go, fork, purge, each block stamped by its owner and checked by the next.
//   ops_stress [--seed N] [--rounds N] [--operations N] [--threads N] [--blocks N] [--ordered]
//              [--write FILE]     write the first round's list instead of running it
// Called by ctest with each level's library preloaded, and by hand with any other.
// Exit status: 0 clean, 89 finding. Invariant: a failure, a crash too, prints seed, commit and
// command.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "base/violation.h"
#include "property_tests/ops/child_case.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/foreign_subject.h"
#include "property_tests/ops/generate.h"
#include "stress/check.h"

namespace hakmem::ops {
namespace {

struct Settings {
  std::uint64_t seed = 1;
  std::uint64_t rounds = 8;
  Shape shape{.operations = 20000, .threads = 4, .blocks = 1024, .bytes_max = 128 * 1024};
  bool ordered = false;
};

Settings settings_of(int argc, char** argv) {
  using stress::number_option;
  Settings settings;
  Shape& shape = settings.shape;
  settings.seed = number_option(argc, argv, "--seed", settings.seed);
  settings.rounds = number_option(argc, argv, "--rounds", settings.rounds);
  settings.ordered = stress::has_option(argc, argv, "--ordered");
  const auto number = [&](const char* name, std::uint32_t otherwise) {
    const std::uint64_t value = number_option(argc, argv, name, otherwise);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(value, 1, 1u << 24));
  };
  shape.operations = number("--operations", shape.operations);
  shape.threads = std::min(number("--threads", shape.threads), kThreadMax);
  shape.blocks = number("--blocks", shape.blocks);
  return settings;
}

std::string command_of(const Settings& settings, std::uint64_t round) {
  const char* const preload = std::getenv("LD_PRELOAD");
  return fmt::format("LD_PRELOAD={} ops_stress --seed {} --rounds {} --operations {} --threads {} "
                     "--blocks {}{}",
                     preload != nullptr ? preload : "", settings.seed, round + 1,
                     settings.shape.operations, settings.shape.threads, settings.shape.blocks,
                     settings.ordered ? " --ordered" : "");
}

/// How `hakmem replay` comes nearest to what was done here.
std::string replay_options(const Settings& settings) {
  const std::string library = stress::subject_path();
  return fmt::format("--malloc {}{}", library.empty() ? "libc" : library,
                     settings.ordered ? "" : " --parallel");
}

/// A round's list. Every fourth has forks: they take most of the time where they occur.
OperationList list_of_round(const Settings& settings, std::uint64_t round) {
  Shape shape = settings.shape;
  shape.fork = round % 4 == 3;
  if (shape.fork) shape.operations = shape.operations / 20 + 1;
  return generate(settings.seed + round, shape);
}

/// True when the round was clean.
bool run_round(const Settings& settings, std::uint64_t round, std::uint64_t& executed) {
  const OperationList list = list_of_round(settings, round);
  static Table<std::atomic<std::uint64_t>> progress(kThreadMax);
  for (std::atomic<std::uint64_t>& at : progress) at.store(0);
  static std::string command;
  command = command_of(settings, round);
  set_crash_note({list.seed, command.c_str(), progress.begin(), progress.size()});
  ProcessSubject own;
  ForeignSubject foreign;
  Subject& subject = malloc_is_foreign() ? static_cast<Subject&>(foreign) : own;
  RunSettings run_settings;
  run_settings.progress = progress.begin();
  run_settings.live_bytes_max = 64u << 20;
  run_settings.small_align = malloc_is_foreign() ? 8 : 16;
  Interpreter interpreter(list.operations, subject, run_settings);
  run(interpreter, settings.ordered ? Schedule::Ordered : Schedule::Parallel);
  executed += interpreter.counts().executed;
  const Finding& finding = interpreter.finding();
  if (finding.rule == Rule::None) return true;
  CaseResult result;
  result.what = finding.text;
  result.operation = finding.index;
  const std::string name = fmt::format("failed_stress_{}", list.seed);
  fmt::print(stderr, "FAIL round {}: {}  in context: {}\n", round,
             describe_failure(list, result, name, replay_options(settings)), command);
  return false;
}

int run_all(int argc, char** argv) {
  const Settings settings = settings_of(argc, argv);
  if (const char* const file = stress::text_option(argc, argv, "--write", nullptr)) {
    const FormError error = write_file(file, list_of_round(settings, 0));
    if (error.ok()) return 0;
    fmt::print(stderr, "{}\n", error.sentence);
    return exit_code::kHakmemFailed;
  }
  stress::require_subject();
  std::uint64_t executed = 0;
  for (std::uint64_t round = 0; round < settings.rounds; ++round) {
    if (!run_round(settings, round, executed)) return exit_code::kFinding;
  }
  fmt::print("{} operations in {} rounds from seed {}, nothing found\n", executed, settings.rounds,
             settings.seed);
  return 0;
}

}  // namespace
}  // namespace hakmem::ops

int main(int argc, char** argv) { return hakmem::ops::run_all(argc, argv); }
