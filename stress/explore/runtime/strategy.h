// Who runs next, and which of several allowed values a load returns. Called by the engine at every
// schedule point. Invariant: decisions depend on the settings, the seed and the earlier decisions
// alone, never on addresses or time, so that a seed means one schedule in any process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "explore/runtime/vector_clock.h"

namespace explore {

/// Random: a walk that switches with a probability drawn for each schedule. Pct: priorities with
/// depth - 1 change points. Mix: random, Pct 2, Pct 3 by turns. Exhaustive: every schedule within
/// bounds, one after another. Script: a list of deviations from "go on, read the newest".
enum class StrategyKind : std::uint8_t { Random, Pct, Mix, Exhaustive, Script };

/// One decision that was not the default. The defaults: the thread goes on; a thread that cannot
/// is followed by the lowest one that can; a load returns the newest store.
struct Deviation {
  enum class Kind : char { Switch = '>', Value = '~' };
  int thread = 0;
  std::uint32_t op = 0;  ///< the thread's own count of operations, so that others may be dropped
  Kind kind = Kind::Switch;
  unsigned choice = 0;   ///< the thread that runs, or how many stores older than the newest

  friend bool operator==(const Deviation&, const Deviation&) = default;
};

using Script = std::vector<Deviation>;
/// `1@12>2,2@7~1`: before its 12th operation thread 1 gives way to 2, whose 7th reads 1 older.
std::string to_text(const Script& script);
/// False: `text` is no script.
bool parse_script(const std::string& text, Script& out);

struct StrategySettings {
  StrategyKind kind = StrategyKind::Mix;
  unsigned pct_depth = 3;
  unsigned preemptions_max = 2;   ///< exhaustive only
  unsigned stale_max = 2;         ///< exhaustive only: loads that do not return the newest
  std::uint32_t length = 200;     ///< schedule points expected, for Pct's change points
  bool stale_reads = true;
};

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed = 0) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  unsigned below(unsigned bound) noexcept {
    return static_cast<unsigned>((next() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t state_;
};

class Strategy {
 public:
  explicit Strategy(const StrategySettings& settings);

  void begin(std::uint64_t seed);
  /// Exhaustive: moves on to the next schedule. False: all within the bounds were run.
  bool next_path();
  /// Exhaustive: begins anew, after what counts as a schedule point has changed.
  void restart_paths() { path_.clear(); }
  /// How far the exhaustive search is, from 0 to 1, as if all subtrees were of equal size.
  double progress() const;

  /// Who runs at a schedule point of `self`, which could go on. Bits of `candidates`: threads.
  int pick(unsigned candidates, int self, std::uint32_t op);
  /// Who runs when `self` cannot go on (it waits, yields or has ended).
  int pick_next(unsigned candidates, int self, std::uint32_t op);
  /// How many stores older than the newest a load reads, less than `allowed`.
  unsigned pick_value(unsigned allowed, int self, std::uint32_t op);

  /// Loads of one unchanged location in a row after which a thread counts as spinning.
  unsigned spin_limit() const noexcept { return spin_limit_; }

  void record(bool on) { recording_ = on; }
  const Script& recorded() const noexcept { return recorded_; }
  void set_script(Script script) { script_ = std::move(script); }
  const StrategySettings& settings() const noexcept { return settings_; }

 private:
  struct Choice {
    std::uint8_t options, taken;
  };

  int pick_by_priority(unsigned candidates) const noexcept;
  unsigned next_choice(unsigned options);
  const Deviation* scripted(int self, std::uint32_t op, Deviation::Kind kind) const noexcept;
  int decide(unsigned candidates, int self, std::uint32_t op, int fallback, bool can_stay);
  void note(int self, std::uint32_t op, Deviation::Kind kind, unsigned choice);

  static constexpr unsigned kChangesMax = 8;

  StrategySettings settings_;
  Random random_;
  StrategyKind active_ = StrategyKind::Random;
  unsigned switch_one_in_ = 1, stale_one_in_ = 2, spin_limit_ = 3;
  int priority_[kThreadsMax] = {};
  std::uint32_t change_[kChangesMax] = {};
  unsigned changes_ = 0;
  int lowest_ = 0;
  std::uint32_t step_ = 0;
  std::vector<Choice> path_;
  std::size_t position_ = 0;
  unsigned preemptions_ = 0, stale_ = 0;
  bool recording_ = false;
  Script recorded_, script_;
};

}  // namespace explore
