// Schedule after schedule of one body, under one strategy, until something is found: the explorer's
// face to its users. Called by the litmus suite, the `explore` program and anybody's tests.
// Invariant: body + settings + seed mean one schedule, in every process and from every compiler.
#pragma once

#include <functional>
#include <string>

#include "explore/runtime/strategy.h"

namespace explore {

/// Runs as thread 0. It may start threads by std::thread, pthread_create or spawn(), uses locks,
/// atomics and thread_local as always, and calls check() or fail().
using Body = void (*)(void* argument);

struct Settings {
  StrategySettings strategy;
  std::uint64_t schedules = 10000;   ///< at most; exhaustive: 0 means until complete
  std::uint64_t first_seed = 1;
  double seconds = 0;                ///< at most; 0: no limit
  std::uint32_t steps_max = 20000;   ///< schedule points of one schedule
  unsigned hang_seconds = 10;
  bool races = true;
  /// Schedules run first to learn which locations threads share; only accesses to those are
  /// schedule points then. 0: every atomic access is one.
  unsigned learning = 64;
  /// Called about once a second, and never for a run that is shorter.
  std::function<void(const struct Report&)> progress;
  /// Called on the host after each schedule without a finding.
  std::function<void()> after_schedule;
};

struct Report {
  bool found = false;
  std::string kind, text;            ///< of the finding
  std::uint64_t seed = 0;            ///< of the schedule that found it
  std::uint64_t trace_hash = 0;      ///< of that schedule
  Script script;                     ///< that schedule's decisions
  std::uint64_t schedules = 0;
  std::uint64_t steps = 0, switches = 0;
  double seconds = 0;
  double processor_seconds = 0;      ///< the same, without the time that others had
  bool complete = false;             ///< exhaustive: every schedule within the bounds was run
  double progress = 0;               ///< exhaustive: estimate from 0 to 1
  std::size_t shared_locations = 0;  ///< what are schedule points, when learnt
};

/// Explores `body`. The first finding ends it.
Report explore(Body body, void* argument, const Settings& settings);

/// Runs one schedule as explore() with these settings would, by seed.
Report replay_seed(Body body, void* argument, const Settings& settings, std::uint64_t seed);
/// Runs one schedule by its decisions.
Report replay_script(Body body, void* argument, const Settings& settings, const Script& script);

/// Drops every decision that the finding does not need. `report` is one that found something.
Script minimise(Body body, void* argument, const Settings& settings, const Report& report);
/// The schedule that the decisions mean, one line for each event.
std::string trace_of(Body body, void* argument, const Settings& settings, const Script& script);

// For bodies.

/// Starts a thread that is joined at the latest when the schedule ends; returns its number.
int spawn(void (*function)(void*), void* argument);
void join(int thread);
/// Waits for all threads but the caller.
void join_all();
/// As in the child of a fork(): every thread but the caller and thread 0 stops for ever, wherever
/// it is, and the caller knows all that they did. Returns how many had not ended.
unsigned vanish_others();
/// Ends the schedule with a finding unless `holds`. The text must outlive the schedule.
void check(bool holds, const char* text);
[[noreturn]] void fail(const char* kind, const char* text);
/// A line in the trace.
void note(const char* text);
/// Milliseconds of a clock that moves with the schedule, the same in every replay.
std::uint64_t virtual_ms();

/// Memory that instrumented code changes inside the range is set back after every schedule. On the
/// host, before explore(); at most eight ranges.
void keep_state(void* begin, std::size_t bytes);
/// What the schedule wrote inside the (kept) range reads as zero from now on.
void zero_written(void* begin, std::size_t bytes);

}  // namespace explore
