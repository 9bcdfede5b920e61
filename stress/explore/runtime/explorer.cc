#include "explore/explorer.h"

#include <time.h>

#include <chrono>

#include "explore/runtime/engine.h"

namespace explore {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Subject {
  Body body;
  void* argument;
};

void set_up(const Settings& settings) {
  g_engine.set_up({settings.steps_max, settings.hang_seconds});
  g_engine.set_race_detection(settings.races);
  g_engine.set_trace(nullptr);
}

/// Runs random schedules of a fixed sequence of seeds: they tell which locations are shared, and
/// how long a schedule is. Both depend on body and settings alone, as replays need.
StrategySettings learn(const Subject& subject, const Settings& settings, Report& report) {
  StrategySettings learnt = settings.strategy;
  g_engine.model().forget_shared();
  g_engine.set_every_access_a_point(true);
  if (settings.learning == 0) return learnt;
  StrategySettings walk;
  walk.kind = StrategyKind::Random;
  walk.stale_reads = settings.strategy.stale_reads;
  Strategy strategy(walk);
  std::uint64_t steps = 0, ended = 0;
  constexpr std::uint64_t kSeedBase = 0x10000000000;
  for (unsigned i = 0; i < settings.learning; ++i) {
    g_engine.run(strategy, kSeedBase + i, subject.body, subject.argument);
    report.shared_locations += g_engine.model().learn_shared();
  }
  g_engine.set_every_access_a_point(false);
  constexpr unsigned kMeasured = 8;
  for (unsigned i = 0; i < kMeasured; ++i) {
    const RunResult result = g_engine.run(strategy, kSeedBase + i, subject.body, subject.argument);
    if (result.finding.kind != nullptr) continue;
    steps += result.steps;
    ++ended;
  }
  if (ended != 0) learnt.length = static_cast<std::uint32_t>(steps / ended) + 1;
  return learnt;
}

void add(Report& report, const RunResult& result) {
  ++report.schedules;
  report.steps += result.steps;
  report.switches += result.switches;
}

void set_found(Report& report, const RunResult& result, std::uint64_t seed) {
  report.trace_hash = result.trace_hash;
  report.seed = seed;
  report.found = result.finding.kind != nullptr;
  if (!report.found) return;
  report.kind = result.finding.kind;
  report.text = result.finding.text;
}

/// Goes through the same schedule again to write its decisions down.
void record_decisions(const Subject& subject, Strategy& strategy, Report& report) {
  strategy.record(true);
  g_engine.run(strategy, report.seed, subject.body, subject.argument);
  report.script = strategy.recorded();
  strategy.record(false);
}

/// The exhaustive search found out that another location is shared: what it did was incomplete.
bool restart_if_learnt(Strategy& strategy, Report& report) {
  const std::size_t more = g_engine.model().learn_shared();
  if (more == 0) return false;
  report.shared_locations += more;
  strategy.restart_paths();
  return true;
}

}  // namespace

Report explore(Body body, void* argument, const Settings& settings) {
  set_up(settings);
  Report report;
  const Subject subject{body, argument};
  const Clock::time_point start = Clock::now();
  const double processor_start = processor_seconds();
  double told = 0;
  Strategy strategy(learn(subject, settings, report));
  const bool exhaustive = settings.strategy.kind == StrategyKind::Exhaustive;
  for (;;) {
    const std::uint64_t seed = exhaustive ? 0 : settings.first_seed + report.schedules;
    const RunResult result = g_engine.run(strategy, seed, body, argument);
    add(report, result);
    if (result.finding.kind != nullptr) {
      set_found(report, result, seed);
      record_decisions(subject, strategy, report);
      break;
    }
    if (settings.after_schedule) settings.after_schedule();
    if (exhaustive && !(settings.learning != 0 && restart_if_learnt(strategy, report)) &&
        !strategy.next_path()) {
      report.complete = true;
      break;
    }
    if (settings.schedules != 0 && report.schedules >= settings.schedules) break;
    constexpr std::uint64_t kLookMask = 255;
    if ((report.schedules & kLookMask) != 0) continue;
    report.seconds = seconds_since(start);
    if (settings.seconds > 0 && report.seconds >= settings.seconds) break;
    if (settings.progress && report.seconds >= told + 1) {
      told = report.seconds;
      report.progress = exhaustive ? strategy.progress() : 0;
      settings.progress(report);
    }
  }
  report.seconds = seconds_since(start);
  report.processor_seconds = processor_seconds() - processor_start;
  report.progress = report.complete ? 1 : exhaustive ? strategy.progress() : 0;
  return report;
}

Report replay_seed(Body body, void* argument, const Settings& settings, std::uint64_t seed) {
  set_up(settings);
  Report report;
  const Subject subject{body, argument};
  Strategy strategy(learn(subject, settings, report));
  const RunResult result = g_engine.run(strategy, seed, body, argument);
  add(report, result);
  set_found(report, result, seed);
  record_decisions(subject, strategy, report);
  return report;
}

Report replay_script(Body body, void* argument, const Settings& settings, const Script& script) {
  set_up(settings);
  Report report;
  const Subject subject{body, argument};
  Settings as_script = settings;
  as_script.strategy.kind = StrategyKind::Script;
  Strategy strategy(learn(subject, as_script, report));
  strategy.set_script(script);
  const RunResult result = g_engine.run(strategy, 0, body, argument);
  add(report, result);
  set_found(report, result, 0);
  report.script = script;
  return report;
}

Script minimise(Body body, void* argument, const Settings& settings, const Report& report) {
  Script script = report.script;
  const auto still_found = [&](const Script& candidate) {
    Settings quick = settings;
    const Report again = replay_script(body, argument, quick, candidate);
    return again.found && again.kind == report.kind;
  };
  if (!still_found(script)) return script;
  // Halves first, then ever smaller pieces, until no single decision can go.
  for (std::size_t piece = (script.size() + 1) / 2; piece != 0; piece /= 2) {
    for (std::size_t at = 0; at < script.size();) {
      Script shorter = script;
      const std::size_t end = at + piece < script.size() ? at + piece : script.size();
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(at),
                    shorter.begin() + static_cast<std::ptrdiff_t>(end));
      if (still_found(shorter)) {
        script = shorter;
      } else {
        at = end;
      }
    }
  }
  return script;
}

std::string trace_of(Body body, void* argument, const Settings& settings, const Script& script) {
  set_up(settings);
  Report report;
  const Subject subject{body, argument};
  Settings as_script = settings;
  as_script.strategy.kind = StrategyKind::Script;
  Strategy strategy(learn(subject, as_script, report));
  strategy.set_script(script);
  Trace trace;
  g_engine.set_trace(&trace);
  const RunResult result = g_engine.run(strategy, 0, body, argument);
  g_engine.set_trace(nullptr);
  return to_text(trace, result.finding.address);
}

int spawn(void (*function)(void*), void* argument) {
  return g_engine.start_thread({nullptr, function, argument}, __builtin_return_address(0));
}

void join(int thread) { g_engine.join_thread(thread, __builtin_return_address(0)); }

void join_all() { g_engine.join_all(__builtin_return_address(0)); }

unsigned vanish_others() { return g_engine.vanish_others(__builtin_return_address(0)); }

void check(bool holds, const char* text) {
  if (!holds) g_engine.fail("check", "%s", text);
}

void fail(const char* kind, const char* text) {
  g_engine.fail(kind, "%s", text);
  __builtin_unreachable();
}

void note(const char* text) {
  g_engine.note(EventKind::Note, 0, 0, __builtin_return_address(0), text);
}

std::uint64_t virtual_ms() { return g_engine.virtual_ms(); }

void keep_state(void* begin, std::size_t bytes) {
  g_engine.shadow().keep(reinterpret_cast<Address>(begin), bytes);
}

void zero_written(void* begin, std::size_t bytes) {
  g_engine.shadow().zero(reinterpret_cast<Address>(begin), bytes);
}

}  // namespace explore
