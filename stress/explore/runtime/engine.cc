#include "explore/runtime/engine.h"

#include <cstdio>
#include <cstdlib>

#include "explore/runtime/signals.h"
#include "explore/runtime/sync.h"

namespace explore {

bool g_engaged = false;
Silence::Silence() noexcept : before_(g_engaged) { g_engaged = false; }
Silence::~Silence() noexcept { g_engaged = before_; }

Engine g_engine;

void Engine::set_up(const Limits& limits) {
  limits_ = limits;
  if (is_set_up_) return;
  is_set_up_ = true;
  shadow_.set_model(model_);
  host_.become_host();
  for (Fiber& fiber : fibers_) fiber.create();
  install_signal_handlers(limits.hang_seconds);
}

void Engine::reset(std::uint64_t seed) {
  model_.reset();
  shadow_.reset();
  sync_reset();
  strategy_->begin(seed);
  for (int i = 0; i < thread_count_; ++i) threads_[i].at_exit.clear();
  finding_ = Finding();
  steps_ = switches_ = 0;
  skipped_ms_ = 0;
  hash_ = 0xcbf29ce484222325u;
  rmw_ = nullptr;
  joins_all_ = -1;
  yielded_ = 0;
  ++schedules_;
}

void Engine::begin_thread(int number, const Start& start) {
  Thread& thread = threads_[number];
  thread.start = start;
  thread.result = nullptr;
  thread.waits_for = nullptr;
  thread.op = 0;
  thread.done = false;
  thread.spins = 0;
  for (Glance& glance : thread.glances) glance = Glance();
  thread.final = Knowledge();
  const Silence silence;  // the new thread's own variables are not the parent's writes
  fibers_[number].restart(fiber_main);
}

RunResult Engine::run(Strategy& strategy, std::uint64_t seed, void (*body)(void*),
                      void* argument) {
  strategy_ = &strategy;
  reset(seed);
  thread_count_ = 1;
  runnable_ = 1;
  current_ = 0;
  begin_thread(0, {nullptr, body, argument});
  g_engaged = true;
  Fiber::switch_to(host_, fibers_[0]);
  g_engaged = false;
  current_ = -1;
  shadow_.restore();
  return {finding_, steps_, switches_, hash_};
}

void Engine::fiber_main() {
  Thread& self = g_engine.threads_[g_engine.current_];
  g_engine.exit_thread(self.start());
}

void Engine::exit_thread(void* result) {
  Thread& self = threads_[current_];
  self.result = result;
  while (!self.at_exit.empty()) {
    const Thread::AtExit last = self.at_exit.back();
    self.at_exit.pop_back();
    last.function(last.object);
  }
  run_key_destructors();
  finish_thread();
  std::abort();  // a thread that has ended is never chosen again
}

void Engine::finish_thread() {
  Thread& self = threads_[current_];
  note(EventKind::Exit, 0, 0, nullptr);
  model_.release_to(current_, self.final);
  self.done = true;
  mix(0x40u | static_cast<unsigned>(current_));
  runnable_ &= ~(1u << current_);
  yielded_ = 0;
  wake(&self, kThreadsMax);
  if (joins_all_ >= 0 && others_are_done(joins_all_)) wake(&joins_all_, kThreadsMax);
  if (runnable_ == 0) {
    for (int i = 0; i < thread_count_; ++i) {
      if (!threads_[i].done) fail("deadlock", "thread %d waits and nobody can wake it", i);
    }
    leave_to_host();
  }
  leave();
}

void Engine::leave_to_host() {
  g_engaged = false;
  Fiber gone;
  Fiber::switch_to(gone, host_);
  std::abort();  // the host never continues a fiber that has left it
}

void Engine::go_to(int thread) {
  const int from = current_;
  mix(static_cast<std::uint64_t>(thread) << 8 | static_cast<unsigned>(from));
  if (thread == from) return;
  ++switches_;
  current_ = thread;
  Fiber::switch_to(fibers_[from], fibers_[thread]);
}

void Engine::schedule_point() {
  if (++steps_ > limits_.steps_max) {
    fail("livelock", "more than %u schedule points", limits_.steps_max);
  }
  const unsigned candidates = runnable_ & ~yielded_;
  if ((candidates & (candidates - 1)) == 0) return;
  go_to(strategy_->pick(candidates, current_, threads_[current_].op));
}

void Engine::leave() {
  ++threads_[current_].op;  // so that each decision has a number of its own
  if (++steps_ > limits_.steps_max) {
    fail("livelock", "more than %u schedule points", limits_.steps_max);
  }
  if (runnable_ == 0) {
    fail("deadlock", "thread %d waits and nobody can wake it", current_);
    return;
  }
  unsigned candidates = runnable_ & ~yielded_;
  if (candidates == 0) {
    yielded_ = 0;
    candidates = runnable_;
  }
  go_to(strategy_->pick_next(candidates, current_, threads_[current_].op));
}

void Engine::yield() {
  ++threads_[current_].op;
  yielded_ |= 1u << current_;
  leave();
}

void Engine::block_on(const void* what) {
  threads_[current_].waits_for = what;
  runnable_ &= ~(1u << current_);
  leave();
}

int Engine::wake(const void* what, int count) {
  int woken = 0;
  while (woken < count) {
    unsigned waiters = 0;
    for (int i = 0; i < thread_count_; ++i) {
      if (threads_[i].waits_for == what && !threads_[i].done) waiters |= 1u << i;
    }
    if (waiters == 0) break;
    unsigned chosen = 0;
    const unsigned options = static_cast<unsigned>(__builtin_popcount(waiters));
    if (count < kThreadsMax && options > 1) chosen = choose(options);
    for (; chosen != 0; --chosen) waiters &= waiters - 1;
    const int thread = __builtin_ctz(waiters);
    threads_[thread].waits_for = nullptr;
    runnable_ |= 1u << thread;
    ++woken;
  }
  yielded_ = 0;
  return woken;
}

unsigned Engine::choose(unsigned options) {
  if (options < 2) return 0;
  const unsigned chosen = strategy_->pick_value(options, current_, threads_[current_].op);
  mix(0x80u | chosen);
  return chosen;
}

int Engine::thread_of(std::uintptr_t thread_pointer) const noexcept {
  for (int i = 0; i < thread_count_; ++i) {
    if (fibers_[i].thread_pointer() == thread_pointer) return i;
  }
  return -1;
}

int Engine::start_thread(const Start& start, const void* pc) {
  if (thread_count_ == kThreadsMax) {
    fail("too-many-threads", "a schedule may have %d threads", kThreadsMax);
  }
  const int child = thread_count_++;
  ++threads_[current_].op;
  note(EventKind::Start, 0, static_cast<std::uint64_t>(child), pc);
  model_.fork_thread(current_, child);
  begin_thread(child, start);
  runnable_ |= 1u << child;
  // No schedule point: whatever the child does first, it could as well do at the parent's next one.
  return child;
}

void* Engine::join_thread(int thread, const void* pc) {
  ++threads_[current_].op;
  while (!threads_[thread].done) block_on(&threads_[thread]);
  model_.acquire_from(current_, threads_[thread].final);
  note(EventKind::Join, 0, static_cast<std::uint64_t>(thread), pc);
  return threads_[thread].result;
}

bool Engine::others_are_done(int thread) const noexcept {
  for (int i = 0; i < thread_count_; ++i) {
    if (i != thread && !threads_[i].done) return false;
  }
  return true;
}

void Engine::join_all(const void* pc) {
  ++threads_[current_].op;
  joins_all_ = current_;
  while (!others_are_done(current_)) block_on(&joins_all_);
  joins_all_ = -1;
  for (int i = 0; i < thread_count_; ++i) {
    if (i == current_) continue;
    model_.acquire_from(current_, threads_[i].final);
    note(EventKind::Join, 0, static_cast<std::uint64_t>(i), pc);
  }
}

unsigned Engine::vanish_others(const void* pc) {
  begin_operation();
  unsigned gone = 0;
  for (int i = 1; i < thread_count_; ++i) {
    Thread& other = threads_[i];
    if (i == current_) continue;
    if (!other.done) model_.release_to(i, other.final);
    model_.acquire_from(current_, other.final);
    if (other.done) continue;
    other.done = true;
    runnable_ &= ~(1u << i);
    note(EventKind::Vanish, 0, static_cast<std::uint64_t>(i), pc);
    ++gone;
  }
  return gone;
}

void Engine::at_thread_exit(void (*function)(void*), void* object) {
  const Silence silence;
  threads_[current_].at_exit.push_back({function, object});
}

void Engine::set_finding(Address address, const char* kind, const char* format,
                         std::va_list arguments) {
  const Silence silence;
  if (finding_.kind != nullptr) return;
  finding_.kind = kind;
  finding_.address = address;
  finding_.thread = current_;
  std::vsnprintf(finding_.text, sizeof finding_.text, format, arguments);
}

void Engine::fail(const char* kind, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  set_finding(0, kind, format, arguments);
  va_end(arguments);
  if (current_ >= 0) leave_to_host();
}

void Engine::fail_at(Address address, const char* kind, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  set_finding(address, kind, format, arguments);
  va_end(arguments);
  if (current_ >= 0) leave_to_host();
}

void Engine::fail_in_signal(const char* kind, const char* text, Address address) {
  fail_at(address, kind, "%s", text);
}

}  // namespace explore
