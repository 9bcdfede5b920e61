#include "explore/runtime/strategy.h"

#include <charconv>
#include <utility>

#include "explore/runtime/silence.h"

namespace explore {

namespace {

constexpr unsigned kPatientSpin = 128;  // more than the tries of a lock before it sleeps
constexpr std::size_t kPathMax = 1 << 16;

int lowest_of(unsigned candidates) noexcept { return __builtin_ctz(candidates); }
unsigned count_of(unsigned candidates) noexcept {
  return static_cast<unsigned>(__builtin_popcount(candidates));
}
bool holds(unsigned candidates, int thread) noexcept { return (candidates >> thread & 1) != 0; }

/// The n-th of the threads in the set.
int nth_of(unsigned candidates, unsigned n) noexcept {
  for (; n != 0; --n) candidates &= candidates - 1;
  return lowest_of(candidates);
}

bool take_number(const char*& at, const char* end, unsigned& out) {
  const auto result = std::from_chars(at, end, out);
  if (result.ec != std::errc()) return false;
  at = result.ptr;
  return true;
}

}  // namespace

std::string to_text(const Script& script) {
  std::string text;
  for (const Deviation& d : script) {
    if (!text.empty()) text += ',';
    text += std::to_string(d.thread) + '@' + std::to_string(d.op) + static_cast<char>(d.kind) +
            std::to_string(d.choice);
  }
  return text;
}

bool parse_script(const std::string& text, Script& out) {
  out.clear();
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    unsigned thread = 0, op = 0, choice = 0;
    if (!take_number(at, end, thread) || at == end || *at++ != '@') return false;
    if (!take_number(at, end, op) || at == end || (*at != '>' && *at != '~')) return false;
    const auto kind = static_cast<Deviation::Kind>(*at++);
    if (!take_number(at, end, choice)) return false;
    out.push_back({static_cast<int>(thread), op, kind, choice});
    if (at != end && *at++ != ',') return false;
  }
  return true;
}

Strategy::Strategy(const StrategySettings& settings) : settings_(settings) {
  path_.reserve(kPathMax);
}

void Strategy::begin(std::uint64_t seed) {
  random_ = Random(seed * 0x2545f4914f6cdd1du + 0x632be59bd9b4e019u);
  step_ = 0;
  position_ = 0;
  preemptions_ = stale_ = 0;
  recorded_.clear();
  spin_limit_ = 3;
  active_ = settings_.kind;
  unsigned depth = settings_.pct_depth;
  if (active_ == StrategyKind::Mix) {
    const unsigned turn = static_cast<unsigned>(seed % 4);
    active_ = turn < 2 ? StrategyKind::Random : StrategyKind::Pct;
    depth = turn;
  }
  // A script says so at operation 0, which is none of a thread's own.
  if (active_ == StrategyKind::Script) {
    const Deviation* const d = scripted(0, 0, Deviation::Kind::Value);
    if (d != nullptr) spin_limit_ = d->choice;
  }
  if (active_ == StrategyKind::Exhaustive || active_ == StrategyKind::Script) return;
  switch_one_in_ = 1u << random_.below(4);
  stale_one_in_ = random_.below(4) == 0 ? 0 : 1u << (1 + random_.below(3));
  if (random_.below(8) == 0) {
    spin_limit_ = kPatientSpin;
    note(0, 0, Deviation::Kind::Value, spin_limit_);
  }
  if (active_ != StrategyKind::Pct) return;
  for (int i = 0; i < kThreadsMax; ++i) priority_[i] = i + 1;
  for (unsigned i = kThreadsMax - 1; i > 0; --i) {
    std::swap(priority_[i], priority_[random_.below(i + 1)]);
  }
  lowest_ = 0;
  changes_ = depth - 1 < kChangesMax ? depth - 1 : kChangesMax;
  for (unsigned i = 0; i < changes_; ++i) change_[i] = 1 + random_.below(settings_.length);
}

unsigned Strategy::next_choice(unsigned options) {
  if (position_ < path_.size()) return path_[position_++].taken;
  if (path_.size() == kPathMax) return 0;
  path_.push_back({static_cast<std::uint8_t>(options), 0});
  ++position_;
  return 0;
}

bool Strategy::next_path() {
  path_.resize(position_ < path_.size() ? position_ : path_.size());
  while (!path_.empty()) {
    if (++path_.back().taken < path_.back().options) return true;
    path_.pop_back();
  }
  return false;
}

double Strategy::progress() const {
  double done = 0, share = 1;
  for (const Choice& choice : path_) {
    share /= choice.options;
    done += share * choice.taken;
  }
  return done;
}

const Deviation* Strategy::scripted(int self, std::uint32_t op,
                                    Deviation::Kind kind) const noexcept {
  for (const Deviation& d : script_) {
    if (d.thread == self && d.op == op && d.kind == kind) return &d;
  }
  return nullptr;
}

void Strategy::note(int self, std::uint32_t op, Deviation::Kind kind, unsigned choice) {
  if (!recording_) [[likely]] return;
  const Silence silence;
  recorded_.push_back({self, op, kind, choice});
}

int Strategy::pick_by_priority(unsigned candidates) const noexcept {
  int best = lowest_of(candidates);
  for (; candidates != 0; candidates &= candidates - 1) {
    const int thread = lowest_of(candidates);
    if (priority_[thread] > priority_[best]) best = thread;
  }
  return best;
}

int Strategy::decide(unsigned candidates, int self, std::uint32_t op, int fallback,
                     bool can_stay) {
  switch (active_) {
    case StrategyKind::Random:
      if (can_stay && switch_one_in_ > 1 && random_.below(switch_one_in_) != 0) return self;
      return nth_of(candidates, random_.below(count_of(candidates)));
    case StrategyKind::Pct:
      for (unsigned i = 0; i < changes_; ++i) {
        if (change_[i] == step_) priority_[self] = --lowest_;
      }
      return pick_by_priority(candidates);
    case StrategyKind::Exhaustive: {
      if (can_stay && preemptions_ == settings_.preemptions_max) return self;
      const unsigned choice = next_choice(count_of(candidates));
      if (choice == 0) return fallback;
      if (can_stay) ++preemptions_;
      return nth_of(candidates & ~(1u << fallback), choice - 1);
    }
    default: {
      const Deviation* const d = scripted(self, op, Deviation::Kind::Switch);
      if (d == nullptr || d->choice >= kThreadsMax) return fallback;
      const int wanted = static_cast<int>(d->choice);
      return holds(candidates, wanted) ? wanted : fallback;
    }
  }
}

int Strategy::pick(unsigned candidates, int self, std::uint32_t op) {
  ++step_;
  const int next = decide(candidates, self, op, self, true);
  if (next != self) note(self, op, Deviation::Kind::Switch, static_cast<unsigned>(next));
  return next;
}

int Strategy::pick_next(unsigned candidates, int self, std::uint32_t op) {
  ++step_;
  if (active_ == StrategyKind::Pct && holds(candidates, self)) priority_[self] = --lowest_;
  const int fallback = lowest_of(candidates);
  if (count_of(candidates) == 1) return fallback;
  // The caller cannot go on: no choice among the others is a preemption.
  const int next = decide(candidates, self, op, fallback, false);
  if (next != fallback) note(self, op, Deviation::Kind::Switch, static_cast<unsigned>(next));
  return next;
}

unsigned Strategy::pick_value(unsigned allowed, int self, std::uint32_t op) {
  if (!settings_.stale_reads) return 0;
  unsigned choice = 0;
  switch (active_) {
    case StrategyKind::Random:
    case StrategyKind::Pct:
      if (stale_one_in_ == 0 || random_.below(stale_one_in_) != 0) return 0;
      choice = random_.below(allowed);
      break;
    case StrategyKind::Exhaustive:
      if (stale_ == settings_.stale_max) return 0;
      choice = next_choice(allowed);
      if (choice != 0) ++stale_;
      break;
    default: {
      const Deviation* const d = scripted(self, op, Deviation::Kind::Value);
      if (d != nullptr && d->choice < allowed) choice = d->choice;
    }
  }
  if (choice != 0) note(self, op, Deviation::Kind::Value, choice);
  return choice;
}

}  // namespace explore
