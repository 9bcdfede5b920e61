// `explore`: runs the real heap through its interleavings. Called by people, by ctest and by
// `hakmem explore`. Exit status: 0 nothing found, 1 a finding, 64 a bad command line, 125 when the
// explorer itself cannot run.
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "explore/heap/campaign.h"
#include "explore/heap/finding.h"
#include "explore/heap/operations.h"
#include "explore/heap/workload.h"

namespace {

using explore::Report;
using namespace explore_heap;

/// One number for what a few seeds of a few programs do: the same in every process.
void print_hashes(const Options& options, const Family& family) {
  constexpr std::uint64_t kHashed = 2, kSeeds = 5;
  for (std::uint64_t i = 1; i <= kHashed; ++i) {
    Program program = family.make(i);
    prepare(program);
    std::uint64_t all = 0;
    for (std::uint64_t seed = options.seed; seed < options.seed + kSeeds; ++seed) {
      const Report report = replay_seed(run_program, &program, settings_of(options), seed);
      all = all * 31 + report.trace_hash;
    }
    fmt::print("{}:{} {:016x}\n", family.name, i, all);
  }
}

/// A protocol's name, perhaps with the number of one program.
struct Chosen {
  std::vector<Family> families;
  std::uint64_t number = 1;
  bool single = false;
};

/// The one program of a file of operations. False: it has none, and a person was told why.
bool choose_file(const std::string& path, Chosen& chosen) {
  Program program;
  unsigned left_out = 0;
  const std::string refusal = read_operations(path, program, left_out);
  if (!refusal.empty()) {
    fmt::print(stderr, "explore: {}\n", refusal);
    return false;
  }
  if (left_out != 0) {
    fmt::print(stderr, "explore: {} operations of {} have no counterpart here and are left out\n",
               left_out, path);
  }
  chosen.single = true;
  chosen.families = {{path, "", [program](std::uint64_t) { return program; }}};
  return true;
}

/// The family's programs, each thread's operations cut to the first few: small enough for every
/// schedule of them.
Family cut(const Family& family, unsigned operations_max) {
  Family tiny = family;
  tiny.make = [make = family.make, operations_max](std::uint64_t seed) {
    Program program = make(seed);
    for (std::vector<Op>& thread : program.threads) {
      if (thread.size() > operations_max) thread.resize(operations_max);
    }
    return program;
  };
  return tiny;
}

/// False: it names nothing.
bool choose(const std::string& text, Chosen& chosen) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  if (colon != std::string::npos) {
    char* end = nullptr;
    const char* const digits = text.c_str() + colon + 1;
    chosen.number = std::strtoull(digits, &end, 10);
    if (*end != '\0' || chosen.number == 0) return false;
    chosen.single = true;
  }
  if (name == "all") {
    chosen.families = families();
    std::erase_if(chosen.families, [](const Family& family) { return family.is_broken; });
    return true;
  }
  const Family* const family = find_family(name);
  if (family != nullptr) chosen.families = {*family};
  return family != nullptr;
}

int run(const Options& options) {
  if (options.list) {
    for (const Family& family : families()) fmt::print("{:14} {}\n", family.name, family.purpose);
    return 0;
  }
  Chosen chosen;
  if (!options.hkops.empty()) {
    if (!choose_file(options.hkops, chosen)) return kBadOption;
  } else if (!choose(options.protocol, chosen)) {
    fmt::print(stderr, "explore: '{}' is no protocol; --list names them, ':N' picks a program\n",
               options.protocol);
    return kBadOption;
  }
  if (options.tiny != 0 && options.hkops.empty()) {
    for (Family& family : chosen.families) family = cut(family, options.tiny);
  }
  Shard shard;
  if (!parse_shard(options.shard, shard)) {
    fmt::print(stderr, "explore: '{}' is no shard; write 2/4 for the second quarter\n",
               options.shard);
    return kBadOption;
  }
  set_up_arena();
  const bool one_schedule = options.replay != 0 || !options.script.empty();
  if (one_schedule && chosen.families.size() == 1) {
    const Family& family = chosen.families.front();
    Subject subject = subject_of(options, family, chosen.number);
    return replay(options, subject);
  }
  if (options.hashes) {
    for (const Family& family : chosen.families) print_hashes(options, family);
    return 0;
  }
  const std::uint64_t some = options.programs != 0 ? options.programs : kPrograms;
  return run_campaign(options, chosen.families, chosen.number, chosen.single ? 1 : some);
}

void describe(CLI::App& app, Options& options) {
  app.add_option("--protocol,--workload", options.protocol, "family, family:number, or all");
  app.add_option("--hkops", options.hkops, "the program of this file of operations");
  app.add_option("--strategy", options.strategy, "random, pct, mix, or dfs (exhaustive)")
      ->check(CLI::IsMember({"random", "pct", "mix", "dfs", "exhaustive"}));
  app.add_option("--seeds,--schedules", options.schedules,
                 "schedules at most, shared by the family's programs; dfs: of each program")
      ->check(CLI::PositiveNumber);
  app.add_option("--programs", options.programs, "how many programs of the family");
  app.add_option("--seconds", options.seconds, "at most, shared by the families");
  app.add_option("--tiny", options.tiny, "cut programs to so many operations of each thread");
  app.add_option("--jobs", options.jobs, "processes at a time")->check(CLI::Range(1, 256));
  app.add_option("--shard", options.shard, "K/N: the K-th of N parts of the programs");
  app.add_option("--seed", options.seed, "of the first schedule");
  app.add_option("--depth", options.depth, "of PCT: one more than its change points")
      ->check(CLI::Range(1, 8));
  app.add_option("--preemptions", options.preemptions, "bound of dfs");
  app.add_option("--stale", options.stale, "bound of dfs: stale reads");
  app.add_option("--replay", options.replay, "run the schedule of this seed alone");
  app.add_option("--script", options.script, "run the schedule of these decisions alone");
  app.add_option("--repeat", options.repeat, "with --replay: as often again, all must be alike");
  app.add_option("--artifacts", options.artifacts, "folder that keeps what is found");
  app.add_option("--called", options.called, "the command that commands to repeat begin with");
  app.add_flag("--coverage", options.coverage, "which schedule points were reached");
  app.add_flag("--no-stale", options.no_stale, "loads return the newest store");
  app.add_flag("--no-races", options.no_races, "data races are no findings");
  app.add_flag("--hashes", options.hashes, "what some seeds do, as numbers to compare");
  app.add_flag("--brief", options.brief, "one line for a finding");
  app.add_flag("--quiet", options.quiet, "no progress line");
  app.add_flag("--list", options.list, "the protocols that there are programs for");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the heap through its interleavings, with race detection and stale reads.");
  Options options;
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadOption;
  }
  return run(options);
}
