// Threads: exit with live blocks, small stacks, first use by many at once, cancellation, signals.
#include "api_case.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include <climits>

namespace hakmem::stress {
namespace {

constexpr std::size_t kBlocks = 1000;

struct Pile {
  void* blocks[kBlocks];
  std::size_t bytes[kBlocks];
};

void fill(Pile& pile, std::uint64_t seed) {
  Rng rng(seed);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    pile.bytes[i] = rng.below(i % 20 == 0 ? 40000 : 800);
    pile.blocks[i] = std::malloc(pile.bytes[i]);
    HAK_EXPECT(pile.blocks[i] != nullptr, "malloc(%zu)", pile.bytes[i]);
    stamp(pile.blocks[i], pile.bytes[i], i);
  }
}

void empty(Pile& pile) {
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::size_t at = i * 7 % kBlocks;
    HAK_EXPECT(first_damage(pile.blocks[at], pile.bytes[at], at) == pile.bytes[at], "block %zu",
               at);
    std::free(pile.blocks[at]);
  }
}

void* fill_thread(void* pile) {
  fill(*static_cast<Pile*>(pile), 1);
  return nullptr;
}

void* fill_and_empty_thread(void* pile) {
  fill(*static_cast<Pile*>(pile), 2);
  empty(*static_cast<Pile*>(pile));
  return nullptr;
}

void run_thread(void* (*body)(void*), void* argument, const pthread_attr_t* how = nullptr) {
  pthread_t thread;
  const int result = pthread_create(&thread, how, body, argument);
  HAK_EXPECT(result == 0, "pthread_create: %s", std::strerror(result));
  pthread_join(thread, nullptr);
}

std::size_t peak_kib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss);
}

HAK_API_CASE(live_after_exit, "threads.blocks_live_on_after_their_thread") {
  static Pile pile;
  for (int i = 0; i < 60; ++i) {
    run_thread(fill_thread, &pile);
    empty(pile);
  }
}

HAK_API_CASE(reuse_after_exit, "threads.memory_of_ended_threads_is_used_again") {
  // Some 2 MB a thread: 400 threads would take 800 MB if each left its own behind.
  static Pile pile;
  for (int i = 0; i < 100; ++i) run_thread(fill_and_empty_thread, &pile);
  const std::size_t before = peak_kib();
  for (int i = 0; i < 400; ++i) run_thread(fill_and_empty_thread, &pile);
  const std::size_t grown = peak_kib() - before;
  HAK_EXPECT(grown < 200 * 1024, "400 more threads took %zu KiB more", grown);
}

HAK_API_CASE(reuse_after_remote, "threads.memory_freed_by_others_is_used_again") {
  static Pile pile;
  for (int i = 0; i < 50; ++i) {
    run_thread(fill_thread, &pile);
    empty(pile);
  }
  const std::size_t before = peak_kib();
  for (int i = 0; i < 300; ++i) {
    run_thread(fill_thread, &pile);
    empty(pile);
  }
  const std::size_t grown = peak_kib() - before;
  HAK_EXPECT(grown < 200 * 1024, "300 more threads took %zu KiB more", grown);
}

HAK_API_CASE(small_stack, "threads.smallest_stack") {
  pthread_attr_t how;
  pthread_attr_init(&how);
  const auto smallest = static_cast<std::size_t>(PTHREAD_STACK_MIN);
  HAK_EXPECT(pthread_attr_setstacksize(&how, smallest) == 0, "stack of %zu bytes refused",
             smallest);
  static Pile pile;
  for (int i = 0; i < 20; ++i) run_thread(fill_and_empty_thread, &pile, &how);
  run_thread(
      [](void*) -> void* {
        for (std::size_t n = 1; n < 80 << 20; n *= 3) {
          void* block = std::realloc(std::calloc(1, n), n * 2);
          HAK_EXPECT(block != nullptr, "realloc(%zu)", n * 2);
          std::free(block);
          std::free(aligned_alloc(4096, n));
        }
        return nullptr;
      },
      nullptr, &how);
}

HAK_API_CASE(first_use, "threads.first_use_by_sixteen_at_once") {
  static pthread_barrier_t barrier;
  static Pile piles[16];
  pthread_barrier_init(&barrier, nullptr, 16);
  for (int round = 0; round < 10; ++round) {
    pthread_t threads[16];
    for (std::size_t i = 0; i < 16; ++i) {
      HAK_EXPECT(pthread_create(
                     &threads[i], nullptr,
                     [](void* pile) -> void* {
                       pthread_barrier_wait(&barrier);
                       return fill_and_empty_thread(pile);
                     },
                     &piles[i]) == 0,
                 "pthread_create");
    }
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
  }
}

HAK_API_CASE(many_alive, "threads.two_hundred_at_once") {
  static pthread_barrier_t barrier;
  static Pile piles[200];
  pthread_barrier_init(&barrier, nullptr, 200);
  static pthread_t threads[200];
  for (std::size_t i = 0; i < 200; ++i) {
    HAK_EXPECT(pthread_create(
                   &threads[i], nullptr,
                   [](void* pile) -> void* {
                     fill(*static_cast<Pile*>(pile), 3);
                     pthread_barrier_wait(&barrier);
                     return nullptr;
                   },
                   &piles[i]) == 0,
               "pthread_create");
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  for (Pile& pile : piles) empty(pile);
}

HAK_API_CASE(cancelled, "threads.cancelled_at_a_cancellation_point") {
  for (int i = 0; i < 50; ++i) {
    static Pile pile;
    static pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 2);
    pthread_t thread;
    HAK_EXPECT(pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     fill(pile, 4);
                     void* kept = std::malloc(100);
                     pthread_cleanup_push(std::free, kept);
                     pthread_barrier_wait(&barrier);
                     for (;;) pause();
                     pthread_cleanup_pop(1);
                   },
                   nullptr) == 0,
               "pthread_create");
    pthread_barrier_wait(&barrier);
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
    pthread_barrier_destroy(&barrier);
    empty(pile);
  }
}

HAK_API_CASE(detached, "threads.detached_while_the_process_ends") {
  pthread_attr_t how;
  pthread_attr_init(&how);
  pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
  static pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 5);
  for (int i = 0; i < 4; ++i) {
    pthread_t thread;
    HAK_EXPECT(pthread_create(
                   &thread, &how,
                   [](void*) -> void* {
                     pthread_barrier_wait(&barrier);
                     for (;;)
                       std::free(std::malloc(1 + static_cast<std::size_t>(std::rand()) % 3000));
                   },
                   nullptr) == 0,
               "pthread_create");
  }
  pthread_barrier_wait(&barrier);
  std::exit(0);
}

int to_handler[2];
int from_handler[2];

void allocate_in_signal(int) {
  const int error = errno;
  void* blocks[20];
  for (std::size_t i = 0; i < 20; ++i) {
    blocks[i] = std::malloc(i * i * 37 + 1);
    if (blocks[i] == nullptr) _exit(3);
    stamp(blocks[i], i * i * 37 + 1, i);
  }
  for (std::size_t i = 0; i < 20; ++i) {
    if (first_damage(blocks[i], i * i * 37 + 1, i) != i * i * 37 + 1) _exit(4);
    std::free(blocks[i]);
  }
  if (write(from_handler[1], "h", 1) != 1) _exit(5);
  errno = error;
}

/// Sends `count` signals to the thread that waits in read(), one after the other is handled.
void signals_while_reading(int flags) {
  constexpr int kCount = 300;
  HAK_EXPECT(pipe(to_handler) == 0 && pipe(from_handler) == 0, "pipe");
  struct sigaction action = {};
  action.sa_handler = allocate_in_signal;
  action.sa_flags = SA_RESTART | flags;
  sigaction(SIGUSR1, &action, nullptr);
  static pthread_t reader;
  reader = pthread_self();
  pthread_t sender;
  HAK_EXPECT(pthread_create(
                 &sender, nullptr,
                 [](void*) -> void* {
                   char byte = 0;
                   for (int i = 0; i < kCount; ++i) {
                     std::free(std::malloc(100));
                     pthread_kill(reader, SIGUSR1);
                     if (read(from_handler[0], &byte, 1) != 1) _exit(6);
                   }
                   if (write(to_handler[1], "e", 1) != 1) _exit(7);
                   return nullptr;
                 },
                 nullptr) == 0,
             "pthread_create");
  char byte = 0;
  HAK_EXPECT(read(to_handler[0], &byte, 1) == 1, "read: %s", std::strerror(errno));
  pthread_join(sender, nullptr);
}

HAK_API_CASE(signal_in_read, "threads.malloc_in_a_signal_handler_during_read") {
  signals_while_reading(0);
}

HAK_API_CASE(signal_on_stack, "threads.malloc_in_a_signal_handler_on_its_own_stack") {
  static char signal_stack[32 * 1024];
  stack_t stack = {};
  stack.ss_sp = signal_stack;
  stack.ss_size = sizeof signal_stack;
  HAK_EXPECT(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
  signals_while_reading(SA_ONSTACK);
}

}  // namespace
}  // namespace hakmem::stress
