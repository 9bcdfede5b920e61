#include "property_tests/ops/schedule.h"

#include <sched.h>
#include <signal.h>

#include <climits>

#include "property_tests/ops/own_thread.h"

namespace hakmem::ops {

namespace {

constexpr std::size_t kSignalStackBytes = 128 * 1024;

/// The threads of an ordered run: each waits for its turn, works through a range, gives it back.
class OrderedRun {
 public:
  explicit OrderedRun(Interpreter& interpreter) noexcept
      : interpreter_(interpreter), workers_(interpreter.extent().threads) {}

  void run() noexcept {
    const std::span<const Operation> operations = interpreter_.operations();
    std::uint64_t i = 0;
    while (i < operations.size() && !interpreter_.stopped()) {
      const Operation& operation = operations[i];
      if (operation.verb == Verb::kThreadStart) {
        start(static_cast<std::uint32_t>(operation.first));
        interpreter_.execute(i++);
      } else if (operation.thread == 0) {
        interpreter_.execute(i++);
      } else {
        i = hand_over(operation.thread, i);
      }
    }
    for (std::uint32_t thread = 1; thread < workers_.size(); ++thread) end(thread);
    interpreter_.thread_ends(0);
  }

 private:
  struct Worker {
    OrderedRun* run;
    OwnThread handle;
    std::uint64_t begin, end;
    bool last;  ///< the thread ends behind this range
    bool running;
    std::atomic<std::uint32_t> turn;  ///< 1: the worker's
  };

  static void* body(void* argument) {
    Worker& worker = *static_cast<Worker*>(argument);
    OrderedRun& self = *worker.run;
    use_signal_stack();
    for (bool last = false; !last;) {
      worker.turn.wait(0);
      for (std::uint64_t i = worker.begin; i < worker.end; ++i) self.interpreter_.execute(i);
      last = worker.last;
      if (last) {
        self.interpreter_.thread_ends(static_cast<std::uint32_t>(&worker - self.workers_.begin()));
      }
      worker.turn.store(0);
      worker.turn.notify_one();
    }
    return nullptr;
  }

  void start(std::uint32_t thread) noexcept {
    Worker& worker = workers_[thread];
    if (thread == 0 || worker.running) return;
    worker.run = this;
    worker.running = true;
    worker.handle.create(body, &worker);
  }

  /// Lets a thread work through its operations that begin at `i`; returns the next of another.
  std::uint64_t hand_over(std::uint32_t thread, std::uint64_t i) noexcept {
    const std::span<const Operation> operations = interpreter_.operations();
    std::uint64_t end = i;
    bool last = false;
    while (end < operations.size() && operations[end].thread == thread && !last &&
           operations[end].verb != Verb::kThreadStart) {
      last = operations[end].verb == Verb::kThreadExit;
      ++end;
    }
    start(thread);
    give_turn(thread, i, end, last);
    return end;
  }

  void give_turn(std::uint32_t thread, std::uint64_t begin, std::uint64_t end,
                 bool last) noexcept {
    Worker& worker = workers_[thread];
    worker.begin = begin;
    worker.end = end;
    worker.last = last;
    worker.turn.store(1);
    worker.turn.notify_one();
    worker.turn.wait(1);
    if (!last) return;
    worker.handle.join();
    worker.running = false;
  }

  void end(std::uint32_t thread) noexcept {
    if (workers_[thread].running) give_turn(thread, 0, 0, true);
  }

  Interpreter& interpreter_;
  Table<Worker> workers_;
};

/// The threads of a parallel run. A thread's number may live several times; each life is a thread.
class ParallelRun {
 public:
  explicit ParallelRun(Interpreter& interpreter) noexcept
      : interpreter_(interpreter),
        next_(interpreter.operations().size()),
        ticket_(interpreter.operations().size()),
        spawned_(interpreter.operations().size()),
        lives_(interpreter.operations().size() + 1),
        served_(interpreter.extent().blocks) {
    prepare();
  }

  void run() noexcept {
    interpreter_.set_alone(false);
    for (std::uint32_t i = 1; i < life_count_; ++i) {
      if (lives_[i].at_begin) start(lives_[i]);
    }
    live_through(lives_[0]);
    while (running_.load() != 0) sched_yield();
    for (std::uint32_t i = 0; i < life_count_; ++i) {
      if (lives_[i].created.load()) lives_[i].handle.join();
    }
    interpreter_.thread_ends(0);
    interpreter_.set_alone(true);
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Life {
    ParallelRun* run;
    OwnThread handle;
    std::uint32_t thread;
    std::uint32_t first, last;  ///< operations; kNone: none
    std::uint32_t predecessor;  ///< the life of this number that must have ended; 0: none
    std::uint32_t successor;    ///< the life that begins when this one ends; 0: none
    bool at_begin;              ///< nobody starts it: it runs from the beginning
    std::atomic<bool> created;
    std::atomic<bool> ended;
  };

  std::uint32_t add_life(std::uint32_t thread, std::uint32_t predecessor) noexcept {
    Life& life = lives_[life_count_];
    life.run = this;
    life.thread = thread;
    life.first = life.last = kNone;
    life.predecessor = predecessor;
    return life_count_++;
  }

  void append(Life& life, std::uint32_t i) noexcept {
    next_[i] = kNone;
    (life.first == kNone ? life.first : next_[life.last]) = i;
    life.last = i;
  }

  void prepare() noexcept {
    const std::span<const Operation> operations = interpreter_.operations();
    if (operations.size() >= kNone) std::abort();  // replay refuses such lists before
    Table<std::uint32_t> current(interpreter_.extent().threads);   // life now; 0: none
    Table<std::uint32_t> previous(interpreter_.extent().threads);  // the last that was; 0: none
    Table<std::uint32_t> tickets(interpreter_.extent().blocks);
    add_life(0, 0);
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
      const Operation& operation = operations[i];
      const std::uint32_t t = operation.thread;
      if (t != 0 && current[t] == 0) {
        current[t] = add_life(t, previous[t]);
        if (previous[t] != 0) {
          lives_[previous[t]].successor = current[t];
        } else {
          lives_[current[t]].at_begin = true;
        }
      }
      append(lives_[t == 0 ? 0 : current[t]], i);
      if (row_of(operation.verb).has_block) ticket_[i] = tickets[operation.block]++;
      if (operation.verb == Verb::kThreadExit && t != 0) {
        previous[t] = current[t];
        current[t] = 0;
      }
      const auto to = static_cast<std::uint32_t>(operation.first);
      if (operation.verb == Verb::kThreadStart && to != 0 && current[to] == 0) {
        spawned_[i] = current[to] = add_life(to, previous[to]);
      }
    }
  }

  /// The last life of the number was joined before: a program that uses it again does the same.
  void start(Life& life) noexcept {
    const Life& before = lives_[life.predecessor];
    while (life.predecessor != 0 && !before.ended.load()) {
      if (interpreter_.stopped() && !before.created.load()) return;
      sched_yield();
    }
    running_.fetch_add(1);
    life.created.store(true);
    life.handle.create(body, &life);
  }

  static void* body(void* argument) {
    Life& life = *static_cast<Life*>(argument);
    use_signal_stack();
    life.run->live_through(life);
    life.run->interpreter_.thread_ends(life.thread);
    life.ended.store(true);
    if (life.successor != 0) life.run->start(life.run->lives_[life.successor]);
    life.run->running_.fetch_sub(1);
    return nullptr;
  }

  void live_through(Life& life) noexcept {
    const std::span<const Operation> operations = interpreter_.operations();
    for (std::uint32_t i = life.first; i != kNone; i = next_[i]) {
      const Operation& operation = operations[i];
      const bool has_block = row_of(operation.verb).has_block;
      while (has_block && served_[operation.block].load() != ticket_[i]) {
        if (interpreter_.stopped()) return;
        sched_yield();
      }
      if (interpreter_.stopped()) return;
      interpreter_.execute(i);
      if (has_block) served_[operation.block].fetch_add(1);
      if (spawned_[i] != 0) start(lives_[spawned_[i]]);
    }
  }

  Interpreter& interpreter_;
  Table<std::uint32_t> next_;     ///< the life's next operation
  Table<std::uint32_t> ticket_;   ///< operations on the slot before this one
  Table<std::uint32_t> spawned_;  ///< the life that the operation starts; 0: none
  Table<Life> lives_;
  Table<std::atomic<std::uint32_t>> served_;  ///< operations on the slot that are done
  std::uint32_t life_count_ = 0;
  std::atomic<std::uint32_t> running_{0};
};

void run_inline(Interpreter& interpreter) noexcept {
  const std::span<const Operation> operations = interpreter.operations();
  for (std::uint64_t i = 0; i < operations.size(); ++i) {
    interpreter.execute(i);
    if (operations[i].verb == Verb::kThreadExit) interpreter.thread_ends(operations[i].thread);
  }
  for (std::uint32_t thread = 0; thread < interpreter.extent().threads; ++thread) {
    interpreter.thread_ends(thread);
  }
}

}  // namespace

void use_signal_stack() noexcept {
  stack_t now = {};
  if (sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  void* const pages = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return;
  stack_t stack = {};
  stack.ss_sp = pages;
  stack.ss_size = kSignalStackBytes;
  sigaltstack(&stack, nullptr);  // stays mapped: a signal may come in the thread's last moment
}

void run(Interpreter& interpreter, Schedule schedule) noexcept {
  switch (schedule) {
    case Schedule::Inline:
      run_inline(interpreter);
      break;
    case Schedule::Ordered: {
      OrderedRun ordered(interpreter);
      ordered.run();
      break;
    }
    case Schedule::Parallel: {
      ParallelRun parallel(interpreter);
      parallel.run();
      break;
    }
  }
  interpreter.finish();
}

}  // namespace hakmem::ops
