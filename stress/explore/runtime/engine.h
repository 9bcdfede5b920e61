// One schedule: runs a body on fibers, asks the strategy at each schedule point, and keeps memory
// model and race detector up to date. Called by the compiler's callbacks, by the stand-ins for
// pthread functions, and by the explorer, which runs schedule after schedule.
// Invariant: exactly one fiber runs at a time; the first finding ends the schedule.
#pragma once

#include <cstdarg>

#include "explore/runtime/coverage.h"
#include "explore/runtime/fiber.h"
#include "explore/runtime/shadow.h"
#include "explore/runtime/silence.h"
#include "explore/runtime/strategy.h"
#include "explore/runtime/trace.h"

namespace explore {

using ThreadFunction = void* (*)(void*);

/// What a thread runs: one of the two.
struct Start {
  ThreadFunction function = nullptr;
  void (*plain_function)(void*) = nullptr;
  void* argument = nullptr;

  void* operator()() const {
    if (function != nullptr) return function(argument);
    plain_function(argument);
    return nullptr;
  }
};

/// Why a schedule ended early.
struct Finding {
  const char* kind = nullptr;  ///< null: nothing was found
  char text[256] = "";
  Address address = 0;
  int thread = -1;
};

struct Limits {
  std::uint32_t steps_max = 20000;   ///< more schedule points: a livelock
  unsigned hang_seconds = 10;        ///< without a schedule point: a hang
};

struct RunResult {
  Finding finding;
  std::uint32_t steps = 0;
  std::uint32_t switches = 0;
  std::uint64_t trace_hash = 0;
};

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Takes fibers and installs the handlers for crashes and hangs. Once.
  void set_up(const Limits& limits);
  /// Runs `body(argument)` as thread 0 to the end of all threads, or to the first finding.
  RunResult run(Strategy& strategy, std::uint64_t seed, void (*body)(void*), void* argument);

  // What instrumented code does. Only while g_engaged.
  void plain(Address address, std::size_t bytes, bool write, const void* pc) {
    const Access kind = write ? Access::PlainWrite : Access::PlainRead;
    // Whoever writes to memory of others is not waiting.
    if (write && !fibers_[current_].holds(address)) threads_[current_].spins = 0;
    const bool repeated =
        shadow_.is_repeated(current_, model_.epoch(current_), address, bytes, kind);
    if (!repeated || trace_ != nullptr) plain_slow(address, bytes, kind, pc);
  }
  Word128 load(Address address, std::uint8_t bytes, Order order, const void* pc);
  void store(Address address, std::uint8_t bytes, Word128 value, Order order, const void* pc);
  /// First half of a read-modify-write: what it reads, after the schedule point.
  Word128 begin_rmw(Address address, std::uint8_t bytes);
  void end_rmw(Word128 value, Order order, const void* pc);
  /// A compare-exchange; `expected` becomes what was read when it fails.
  bool compare_exchange(Address address, std::uint8_t bytes, Word128& expected, Word128 wanted,
                        Order success, Order failure, const void* pc);
  void fence(Order order, const void* pc);

  // Threads.
  int start_thread(const Start& start, const void* pc);
  void* join_thread(int thread, const void* pc);
  /// Waits for all other threads; one thread at a time may do so.
  void join_all(const void* pc);
  /// Every thread but the caller and thread 0 stops for ever; returns how many had not ended.
  unsigned vanish_others(const void* pc);
  [[noreturn]] void exit_thread(void* result);
  void at_thread_exit(void (*function)(void*), void* object);
  void yield();
  int self() const noexcept { return current_; }
  int thread_of(std::uintptr_t thread_pointer) const noexcept;

  /// Identity of the thread that start_thread() would start.
  std::uintptr_t next_thread_pointer() const noexcept {
    return thread_count_ < kThreadsMax ? fibers_[thread_count_].thread_pointer() : 0;
  }

  // For locks, condition variables and futexes: see sync.cc.
  void schedule_point();
  /// Counts an operation of the running thread, then a schedule point.
  void begin_operation() {
    ++threads_[current_].op;
    schedule_point();
  }
  /// Sleeps until wake() names `what`.
  void block_on(const void* what);
  /// Wakes up to `count` sleepers; the strategy chooses which. Returns how many.
  int wake(const void* what, int count);
  void release_to(Knowledge& into) { model_.release_to(current_, into); }
  void acquire_from(const Knowledge& from) { model_.acquire_from(current_, from); }
  /// One of `options` as a decision of the schedule; 0 is the default.
  unsigned choose(unsigned options);
  void note(EventKind kind, Address address, std::uint64_t value, const void* pc,
            const char* text = nullptr);

  /// Ends the schedule with a finding. On the host: keeps it for the schedule that ends.
  void fail(const char* kind, const char* format, ...) __attribute__((format(printf, 3, 4)));
  void fail_at(Address address, const char* kind, const char* format, ...)
      __attribute__((format(printf, 4, 5)));
  /// A finding made by a signal handler on the running fiber.
  void fail_in_signal(const char* kind, const char* text, Address address);

  std::uint64_t schedule_number() const noexcept { return schedules_; }
  std::uint64_t virtual_ms() const noexcept { return kFirstMs + steps_ + skipped_ms_; }
  void skip_ms(std::uint64_t ms) noexcept { skipped_ms_ += ms; }

  Shadow& shadow() noexcept { return shadow_; }
  MemoryModel& model() noexcept { return model_; }
  Coverage& coverage() noexcept { return coverage_; }
  /// Every atomic access is a schedule point, or only those that learn_shared() found.
  void set_every_access_a_point(bool on) noexcept { all_points_ = on; }
  void set_race_detection(bool on) noexcept { races_ = on; }
  void set_trace(Trace* trace) noexcept { trace_ = trace; }

 private:
  /// A value that a thread saw: a loop that waits sees the same few again and again.
  struct Glance {
    const Location* location = nullptr;
    std::uint64_t value = 0;
  };
  static constexpr unsigned kGlances = 4;

  struct Thread {
    Start start;
    void* result = nullptr;
    const void* waits_for = nullptr;
    std::uint32_t op = 0;
    bool done = false;
    Glance glances[kGlances];       ///< what it last saw in shared locations
    unsigned next_glance = 0;
    unsigned spins = 0;             ///< loads in a row that told it nothing new
    Knowledge final;
    struct AtExit {
      void (*function)(void*);
      void* object;
    };
    std::vector<AtExit> at_exit;
  };

  static void fiber_main();
  static constexpr std::uint64_t kFirstMs = 1000000;

  [[noreturn]] void leave_to_host();
  void plain_slow(Address address, std::size_t bytes, Access kind, const void* pc);
  void reset(std::uint64_t seed);
  void begin_thread(int number, const Start& start);
  void finish_thread();
  bool others_are_done(int thread) const noexcept;
  void leave();
  void go_to(int thread);
  Location& enter(Address address, std::uint8_t bytes);
  bool gave_way(Location*& location);
  void count_spin(const Location& location, Word128 value);
  void made_progress(const Location& location);
  bool is_point(const Location& location) const noexcept {
    return location.shared || all_points_;
  }
  void check_race(Address address, std::size_t bytes, Access kind);
  void mix(std::uint64_t value) noexcept { hash_ = (hash_ ^ value) * 0x100000001b3u; }
  void record(EventKind kind, Order order, const Location* location, Word128 value,
              Word128 before, std::uint32_t older_by, const void* pc);
  void set_finding(Address address, const char* kind, const char* format, std::va_list arguments);

  Fiber host_;
  Fiber fibers_[kThreadsMax];
  Thread threads_[kThreadsMax];
  MemoryModel model_;
  Shadow shadow_;
  Coverage coverage_;
  Strategy* strategy_ = nullptr;
  Trace* trace_ = nullptr;
  Finding finding_;
  Limits limits_;
  Location* rmw_ = nullptr;     ///< between begin_rmw and end_rmw
  int current_ = -1;
  int thread_count_ = 0;
  int joins_all_ = -1;          ///< the thread that waits for all others
  unsigned runnable_ = 0, yielded_ = 0;
  std::uint32_t steps_ = 0, switches_ = 0;
  std::uint64_t hash_ = 0, schedules_ = 0, skipped_ms_ = 0;
  bool all_points_ = true, races_ = true, is_set_up_ = false;
};

extern Engine g_engine;

}  // namespace explore
