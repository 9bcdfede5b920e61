// fork in a process whose threads allocate all the time: the child has a usable heap, all of it.
#include "api_case.h"

#include <pthread.h>
#include <spawn.h>

#include <atomic>

extern char** environ;

namespace hakmem::stress {
namespace {

constexpr std::size_t kBoard = 512;
constexpr int kForks = 40;
constexpr unsigned kChildSeconds = 20;

/// A block describes itself, so that whoever takes it can check it: size and key, then a stamp.
struct Note {
  std::size_t bytes;
  std::uint64_t key;
};

/// Release publishes what is in a note, acquire sees it; the flag only has to arrive.
struct BoardOrders {
  static constexpr std::memory_order kExchange = std::memory_order_acq_rel;
  static constexpr std::memory_order kStop = std::memory_order_relaxed;
};

std::atomic<Note*> board[kBoard];
std::atomic<bool> stop_threads{false};

Note* make_note(Rng& rng) {
  const std::size_t most = rng.below(40) == 0 ? 300000 : rng.below(5) == 0 ? 20000 : 1000;
  const std::size_t bytes = sizeof(Note) + rng.below(most);
  auto* note = static_cast<Note*>(std::malloc(bytes));
  HAK_EXPECT(note != nullptr, "malloc(%zu) returned NULL", bytes);
  *note = Note{bytes, rng.next()};
  stamp(note + 1, bytes - sizeof(Note), note->key);
  return note;
}

void release_note(Note* note) {
  if (note == nullptr) return;
  const std::size_t content = note->bytes - sizeof(Note);
  HAK_EXPECT(first_damage(note + 1, content, note->key) == content, "a block's content changed");
  std::free(note);
}

void churn(std::uint64_t seed, int steps) {
  Rng rng(seed);
  for (int i = 0; i < steps; ++i) {
    release_note(board[rng.below(kBoard)].exchange(make_note(rng), BoardOrders::kExchange));
  }
}

void* churn_thread(void* seed) {
  for (std::uint64_t i = 0; !stop_threads.load(BoardOrders::kStop); ++i) {
    churn(reinterpret_cast<std::uintptr_t>(seed) * 1000 + i, 100);
  }
  return nullptr;
}

void* short_churn_thread(void* seed) {
  churn(reinterpret_cast<std::uintptr_t>(seed), 300);
  return nullptr;
}

/// The child's part: allocates, frees what others allocated before the fork, starts a thread.
[[noreturn]] void child_work(std::uint64_t seed, bool threads) {
  alarm(kChildSeconds);
  churn(seed, 500);
  for (auto& slot : board) release_note(slot.exchange(nullptr, BoardOrders::kExchange));
  if (threads) {
    pthread_t thread;
    HAK_EXPECT(pthread_create(&thread, nullptr, short_churn_thread, nullptr) == 0,
               "pthread_create");
    churn(seed + 1, 300);
    pthread_join(thread, nullptr);
  }
  for (auto& slot : board) release_note(slot.exchange(nullptr, BoardOrders::kExchange));
  _exit(0);
}

void expect_child_ok(pid_t child, int number) {
  int status = 0;
  HAK_EXPECT(waitpid(child, &status, 0) == child, "waitpid");
  HAK_EXPECT(!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM), "child %d hangs", number);
  HAK_EXPECT(status == 0, "child %d ended with wait status 0x%x", number,
             static_cast<unsigned>(status));
}

/// Runs `body` while three threads allocate, free and exchange blocks.
template <class Body>
void while_threads_churn(Body body) {
  pthread_t threads[3];
  for (std::uintptr_t i = 0; i < 3; ++i) {
    HAK_EXPECT(
        pthread_create(&threads[i], nullptr, churn_thread, reinterpret_cast<void*>(i + 1)) == 0,
        "pthread_create");
  }
  churn(99, 500);
  body();
  stop_threads.store(true, BoardOrders::kStop);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  for (auto& slot : board) release_note(slot.exchange(nullptr, BoardOrders::kExchange));
}

void fork_many(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    HAK_EXPECT(child >= 0, "fork: %s", std::strerror(errno));
    if (child == 0) child_work(static_cast<std::uint64_t>(i), i % 4 == 0);
    churn(static_cast<std::uint64_t>(i) + 5000, 50);
    expect_child_ok(child, i);
  }
}

HAK_API_CASE(fork_alone, "fork.child_of_one_thread") {
  churn(1, 2000);
  fork_many(20);
}

HAK_API_CASE(fork_threads, "fork.child_while_threads_allocate") {
  while_threads_churn([] { fork_many(kForks); });
}

HAK_API_CASE(fork_in_thread, "fork.from_a_thread_that_is_not_main") {
  while_threads_churn([] {
    pthread_t thread;
    HAK_EXPECT(pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     fork_many(20);
                     return nullptr;
                   },
                   nullptr) == 0,
               "pthread_create");
    pthread_join(thread, nullptr);
  });
}

HAK_API_CASE(fork_two_threads, "fork.from_two_threads_at_once") {
  while_threads_churn([] {
    pthread_t threads[2];
    for (pthread_t& thread : threads) {
      HAK_EXPECT(pthread_create(
                     &thread, nullptr,
                     [](void*) -> void* {
                       fork_many(15);
                       return nullptr;
                     },
                     nullptr) == 0,
                 "pthread_create");
    }
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
  });
}

HAK_API_CASE(fork_nested, "fork.children_of_children") {
  while_threads_churn([] {
    for (int i = 0; i < 10; ++i) {
      const pid_t child = fork();
      HAK_EXPECT(child >= 0, "fork");
      if (child == 0) {
        alarm(kChildSeconds);
        churn(7, 200);
        const pid_t grandchild = fork();
        if (grandchild == 0) child_work(8, true);
        churn(9, 200);
        int status = 0;
        waitpid(grandchild, &status, 0);
        _exit(status == 0 ? 0 : 1);
      }
      expect_child_ok(child, i);
    }
  });
}

int handler_runs = 0;

void allocate_in_handler() {
  void* blocks[8];
  for (std::size_t i = 0; i < 8; ++i) blocks[i] = std::malloc((i + 1) * (i + 1) * 3000);
  for (void* block : blocks) std::free(block);
  ++handler_runs;
}

HAK_API_CASE(atfork_handlers, "fork.malloc_in_atfork_handlers") {
  HAK_EXPECT(pthread_atfork(allocate_in_handler, allocate_in_handler, allocate_in_handler) == 0,
             "pthread_atfork");
  while_threads_churn([] {
    for (int i = 0; i < 20; ++i) {
      const int before = handler_runs;
      const pid_t child = fork();
      HAK_EXPECT(child >= 0, "fork");
      if (child == 0) {
        HAK_EXPECT(handler_runs == before + 2, "%d handlers ran in the child",
                   handler_runs - before);
        child_work(static_cast<std::uint64_t>(i), false);
      }
      HAK_EXPECT(handler_runs == before + 2, "%d handlers ran in the parent",
                 handler_runs - before);
      expect_child_ok(child, i);
    }
  });
}

HAK_API_CASE(spawn, "fork.posix_spawn_and_vfork_while_threads_allocate") {
  while_threads_churn([] {
    for (int i = 0; i < 20; ++i) {
      char name[] = "true";
      char* argv[] = {name, nullptr};
      pid_t child = 0;
      HAK_EXPECT(posix_spawnp(&child, "true", nullptr, nullptr, argv, environ) == 0,
                 "posix_spawnp");
      expect_child_ok(child, i);
    }
  });
}

HAK_API_CASE(fork_memory, "fork.parent_blocks_survive_a_childs_frees") {
  Rng rng(5);
  for (auto& slot : board) slot.store(make_note(rng), BoardOrders::kStop);
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    if (child == 0) child_work(1, false);
    expect_child_ok(child, i);
    for (auto& slot : board) {
      const Note* note = slot.load(BoardOrders::kStop);
      const std::size_t content = note->bytes - sizeof(Note);
      HAK_EXPECT(first_damage(note + 1, content, note->key) == content, "changed by a child");
    }
  }
  for (auto& slot : board) release_note(slot.exchange(nullptr, BoardOrders::kExchange));
}

}  // namespace
}  // namespace hakmem::stress
