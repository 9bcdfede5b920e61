// What the explorer's command line asks for. Filled in by main.cc, read by the files that run
// programs and show findings. Invariant: `arguments_of` gives back what a replay needs.
#pragma once

#include <string>

#include "explore/explorer.h"

namespace explore_heap {

inline constexpr int kFound = 1, kBadOption = 64, kCannotRun = 125;

struct Options {
  std::string protocol = "remote_free";  ///< a family, family:number, or all
  std::string hkops;                     ///< a file of operations in the family's place
  std::string strategy = "mix";
  std::string shard = "1/1";
  std::string artifacts;                 ///< folder for findings; empty: none
  std::string called = "explore";        ///< what a person types to come here
  std::string script;
  std::uint64_t schedules = 0;           ///< 0: kSchedules, or no limit when there is one of time
  std::uint64_t programs = 0;
  std::uint64_t seed = 1;
  std::uint64_t replay = 0;
  double seconds = 0;                    ///< for all families together; 0: no limit
  unsigned tiny = 0;                     ///< operations of a thread at most; 0: all
  unsigned jobs = 1, depth = 3, preemptions = 2, stale = 2, repeat = 0;
  bool brief = false, hashes = false, coverage = false;
  bool no_stale = false, no_races = false, list = false, quiet = false;
};

inline constexpr std::uint64_t kSchedules = 100000;
inline constexpr std::uint64_t kPrograms = 50;

inline bool is_exhaustive(const Options& options) {
  return options.strategy == "dfs" || options.strategy == "exhaustive";
}

/// Settings of one program's exploration; how many schedules and seconds is the caller's.
inline explore::Settings settings_of(const Options& options) {
  using explore::StrategyKind;
  explore::Settings settings;
  settings.strategy.kind = options.strategy == "random" ? StrategyKind::Random
                           : options.strategy == "pct"  ? StrategyKind::Pct
                           : is_exhaustive(options)     ? StrategyKind::Exhaustive
                                                        : StrategyKind::Mix;
  settings.strategy.pct_depth = options.depth;
  settings.strategy.preemptions_max = options.preemptions;
  settings.strategy.stale_max = options.stale;
  settings.strategy.stale_reads = !options.no_stale;
  settings.first_seed = options.seed;
  settings.races = !options.no_races;
  return settings;
}

/// The options that change what a seed or a script means, as they are typed, where they differ from
/// the defaults; a space before each.
inline std::string arguments_of(const Options& options, bool by_seed) {
  const Options standard;
  std::string text;
  if (by_seed && options.strategy != standard.strategy) text += " --strategy " + options.strategy;
  if (by_seed && options.depth != standard.depth) {
    text += " --depth " + std::to_string(options.depth);
  }
  if (options.tiny != 0) text += " --tiny " + std::to_string(options.tiny);
  if (options.no_stale) text += " --no-stale";
  if (options.no_races) text += " --no-races";
  return text;
}

}  // namespace explore_heap
