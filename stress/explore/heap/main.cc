// `explore`: runs the real heap through its interleavings. Called by people, by ctest and by
// `hakmem explore`. Exit status: 0 nothing found, 1 a finding, 64 a bad command line, 125 when the
// explorer itself cannot run.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "explore/explorer.h"
#include "explore/heap/workload.h"

namespace {

using explore::Report;
using explore::Settings;
using explore::StrategyKind;
using explore_heap::Family;
using explore_heap::Program;

constexpr int kFound = 1, kBadOption = 64;

struct Options {
  std::string workload = "remote_free";
  std::string strategy = "mix";
  std::uint64_t schedules = 100000;
  std::uint64_t programs = 0;
  std::uint64_t seed = 1;
  std::uint64_t replay = 0;
  std::string script;
  double seconds = 0;
  unsigned depth = 3, preemptions = 2, stale = 2;
  unsigned repeat = 0;
  bool brief = false, hashes = false;
  bool no_stale = false, no_races = false, list = false, quiet = false;
};

/// What one run of a family has done so far.
struct Totals {
  std::uint64_t schedules = 0, steps = 0, switches = 0, programs = 0, complete = 0;
  double seconds = 0, processor_seconds = 0;

  void add(const Report& report) {
    schedules += report.schedules;
    steps += report.steps;
    switches += report.switches;
    seconds += report.seconds;
    processor_seconds += report.processor_seconds;
    complete += report.complete ? 1u : 0u;
    ++programs;
  }
};

StrategyKind kind_of(const std::string& name) {
  if (name == "random") return StrategyKind::Random;
  if (name == "pct") return StrategyKind::Pct;
  if (name == "exhaustive") return StrategyKind::Exhaustive;
  return StrategyKind::Mix;
}

Settings settings_of(const Options& options) {
  Settings settings;
  settings.strategy.kind = kind_of(options.strategy);
  settings.strategy.pct_depth = options.depth;
  settings.strategy.preemptions_max = options.preemptions;
  settings.strategy.stale_max = options.stale;
  settings.strategy.stale_reads = !options.no_stale;
  settings.schedules = options.schedules;
  settings.first_seed = options.seed;
  settings.races = !options.no_races;
  return settings;
}

void show_progress(const std::string& name, const Totals& done, const Report& now,
                   bool exhaustive) {
  const double seconds = done.seconds + now.seconds;
  const std::uint64_t schedules = done.schedules + now.schedules;
  fmt::print(stderr, "\r{}: {} schedules, {:.0f}/s", name, schedules,
             static_cast<double>(schedules) / seconds);
  if (exhaustive) fmt::print(stderr, ", about {:.0f} % of this program", now.progress * 100);
  fmt::print(stderr, "   ");
  std::fflush(stderr);
}

/// The finding, how to see it again, and the smallest schedule that shows it.
void show_finding(const std::string& workload, Program& program, const Settings& settings,
                  const Report& report, std::uint64_t schedules, bool brief) {
  fmt::print("FOUND {} in {} by seed {} after {} schedules: {}\n", report.kind, workload,
             report.seed, schedules, report.text);
  if (brief) return;
  fmt::print("{}", to_text(program));
  if (settings.strategy.kind != StrategyKind::Exhaustive && report.seed != 0) {
    fmt::print("  replay    explore --workload {} --replay {}   (trace hash {:016x})\n", workload,
               report.seed, report.trace_hash);
  }
  const auto smallest = minimise(explore_heap::run_program, &program, settings, report);
  fmt::print("  schedule  explore --workload {} --script {}\n", workload,
             smallest.empty() ? "none" : to_text(smallest));
  fmt::print("  {} decisions, {} of them needed\n", report.script.size(), smallest.size());
  const Report again =
      replay_script(explore_heap::run_program, &program, settings, smallest);
  fmt::print("  with these: {}: {}\n\n{}", again.kind, again.text,
             trace_of(explore_heap::run_program, &program, settings, smallest));
}

/// Goes through one schedule `repeat` times; true when every time was the same.
bool replays_alike(Program& program, const Settings& settings, std::uint64_t seed,
                   unsigned repeat, const Report& first) {
  unsigned alike = 0;
  for (unsigned i = 0; i < repeat; ++i) {
    const Report again = replay_seed(explore_heap::run_program, &program, settings, seed);
    const bool same = again.found == first.found && again.kind == first.kind &&
                      again.trace_hash == first.trace_hash && again.steps == first.steps;
    alike += same ? 1u : 0u;
  }
  if (repeat != 0) {
    fmt::print("replayed {} of {} times alike, trace hash {:016x}\n", alike, repeat,
               first.trace_hash);
  }
  return alike == repeat;
}

int replay(const Options& options, const std::string& workload, Program& program) {
  explore_heap::prepare(program);
  const Settings settings = settings_of(options);
  Report report;
  if (!options.script.empty()) {
    explore::Script script;
    if (options.script != "none" && !parse_script(options.script, script)) {
      fmt::print(stderr, "explore: --script: '{}' is no list of decisions like 1@12>2,2@7~1\n",
                 options.script);
      return kBadOption;
    }
    report = replay_script(explore_heap::run_program, &program, settings, script);
  } else {
    report = replay_seed(explore_heap::run_program, &program, settings, options.replay);
    if (!replays_alike(program, settings, options.replay, options.repeat, report)) return kFound;
  }
  if (report.found) {
    show_finding(workload, program, settings, report, 1, options.brief);
    return kFound;
  }
  fmt::print("{}: nothing found in this schedule, {} schedule points, trace hash {:016x}\n",
             workload, report.steps, report.trace_hash);
  return 0;
}

/// Runs one family's programs until something is found. True: something was.
bool explore_family(const Options& options, const Family& family, std::uint64_t first,
                    std::uint64_t programs) {
  Totals totals;
  Settings settings = settings_of(options);
  const bool exhaustive = settings.strategy.kind == StrategyKind::Exhaustive;
  if (!exhaustive) settings.schedules = (options.schedules + programs - 1) / programs;
  settings.seconds = options.seconds / static_cast<double>(programs);
  if (!options.quiet) {
    settings.progress = [&](const Report& now) {
      show_progress(family.name, totals, now, exhaustive);
    };
  }
  for (std::uint64_t i = first; i < first + programs; ++i) {
    Program program = family.make(i);
    explore_heap::prepare(program);
    const Report report = explore::explore(explore_heap::run_program, &program, settings);
    totals.add(report);
    if (!report.found) continue;
    show_finding(fmt::format("{}:{}", family.name, i), program, settings, report,
                 totals.schedules, options.brief);
    return true;
  }
  const double schedules = static_cast<double>(totals.schedules);
  fmt::print("{:14} nothing in {} schedules of {} programs, {:.0f}/s, {:.1f} schedule points and "
             "{:.1f} switches each, {:.1f} s",
             family.name, totals.schedules, totals.programs, schedules / totals.processor_seconds,
             static_cast<double>(totals.steps) / schedules,
             static_cast<double>(totals.switches) / schedules, totals.seconds);
  if (exhaustive) {
    fmt::print("; {} programs completely (up to {} preemptions, {} stale reads)", totals.complete,
               options.preemptions, options.stale);
  }
  fmt::print("\n");
  return false;
}

/// One number for what a few seeds of a few programs do: the same in every process.
void print_hashes(const Options& options, const Family& family) {
  constexpr std::uint64_t kPrograms = 2, kSeeds = 5;
  for (std::uint64_t i = 1; i <= kPrograms; ++i) {
    Program program = family.make(i);
    explore_heap::prepare(program);
    std::uint64_t all = 0;
    for (std::uint64_t seed = options.seed; seed < options.seed + kSeeds; ++seed) {
      const Report report =
          replay_seed(explore_heap::run_program, &program, settings_of(options), seed);
      all = all * 31 + report.trace_hash;
    }
    fmt::print("{}:{} {:016x}\n", family.name, i, all);
  }
}

void list_families() {
  for (const Family& family : explore_heap::families()) {
    fmt::print("{:14} {}\n", family.name, family.purpose);
  }
}

int run(const Options& options) {
  if (options.list) {
    list_families();
    return 0;
  }
  const std::size_t colon = options.workload.find(':');
  const std::string name = options.workload.substr(0, colon);
  std::uint64_t number = 1;
  if (colon != std::string::npos) {
    char* end = nullptr;
    number = std::strtoull(options.workload.c_str() + colon + 1, &end, 10);
    if (*end != '\0' || end == options.workload.c_str() + colon + 1) number = 0;
  }
  const Family* const family = explore_heap::find_family(name);
  if ((family == nullptr && name != "all") || number == 0) {
    fmt::print(stderr, "explore: '{}' is no workload; --list names them, ':N' picks a program\n",
               options.workload);
    return kBadOption;
  }
  explore_heap::set_up_arena();
  const bool single = options.replay != 0 || !options.script.empty();
  if (single && family != nullptr) {
    Program program = family->make(number);
    return replay(options, fmt::format("{}:{}", name, number), program);
  }
  constexpr std::uint64_t kPrograms = 50;
  const std::uint64_t some = options.programs != 0 ? options.programs : kPrograms;
  const std::uint64_t programs = colon != std::string::npos ? 1 : some;
  bool found = false;
  for (const Family& each : explore_heap::families()) {
    if (family != nullptr && family != &each) continue;
    if (options.hashes) {
      print_hashes(options, each);
      continue;
    }
    found |= explore_family(options, each, number, programs);
    std::fflush(stdout);
  }
  return found ? kFound : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the heap through its interleavings, with race detection and stale reads.");
  Options options;
  app.add_option("--workload", options.workload, "family, family:number, or all");
  app.add_option("--strategy", options.strategy, "random, pct, mix or exhaustive")
      ->check(CLI::IsMember({"random", "pct", "mix", "exhaustive"}));
  app.add_option("--schedules", options.schedules,
                 "at most, shared by the family's programs; exhaustive: of each program")
      ->check(CLI::PositiveNumber);
  app.add_option("--programs", options.programs, "how many programs of the family");
  app.add_option("--seconds", options.seconds, "at most, shared by the family's programs");
  app.add_option("--seed", options.seed, "of the first schedule");
  app.add_option("--depth", options.depth, "of PCT: one more than its change points")
      ->check(CLI::Range(1, 8));
  app.add_option("--preemptions", options.preemptions, "bound of the exhaustive search");
  app.add_option("--stale", options.stale, "bound of the exhaustive search: stale reads");
  app.add_option("--replay", options.replay, "run the schedule of this seed alone");
  app.add_option("--script", options.script, "run the schedule of these decisions alone");
  app.add_option("--repeat", options.repeat, "with --replay: as often again, all must be alike");
  app.add_flag("--no-stale", options.no_stale, "loads return the newest store");
  app.add_flag("--no-races", options.no_races, "data races are no findings");
  app.add_flag("--hashes", options.hashes, "what some seeds do, as numbers to compare");
  app.add_flag("--brief", options.brief, "one line for a finding");
  app.add_flag("--quiet", options.quiet, "no progress line");
  app.add_flag("--list", options.list, "the families of workloads");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadOption;
  }
  return run(options);
}
