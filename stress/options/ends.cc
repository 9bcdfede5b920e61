// Damages a live block and then ends, or goes on, in the way that its argument names. Called by
// run_ends.py. Exit status 5 unless the way itself decides.
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace {

constexpr int kStatus = 5;
constexpr std::size_t kBytes = 40;

char* volatile damaged;

__attribute__((noinline)) void break_a_block() {
  damaged = static_cast<char*>(std::malloc(kBytes));
  damaged[kBytes] = 1;
}

/// A child that shares our memory breaks a block and ends: it is ours to be told of that.
void child_of_vfork() {
  std::fflush(stdout);
  const pid_t child = vfork();
  if (child == 0) {
    damaged[kBytes] = 1;
    _exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child %d\n", WEXITSTATUS(status));
}

[[noreturn]] void end_in_handler(int) { _exit(kStatus); }

/// A handler that interrupts the allocator somewhere, also while it holds a lock, ends the process.
[[noreturn]] void interrupt_allocator() {
  struct sigaction action {};
  action.sa_handler = end_in_handler;
  sigaction(SIGALRM, &action, nullptr);
  ualarm(3000, 0);
  for (;;) {
    // Large blocks and a whole span: all of it under the allocator's locks.
    void* large = std::malloc(3 << 20);
    std::free(large);
    void* larger = std::malloc(100000);
    std::free(larger);
  }
}

void* allocate_for_ever(void*) {
  for (;;) std::free(std::malloc(200000));
}

void end_while_others_work() {
  for (int i = 0; i < 3; ++i) {
    pthread_t thread;
    pthread_create(&thread, nullptr, allocate_for_ever, nullptr);
  }
  for (int i = 0; i < 1000; ++i) std::free(std::malloc(300000));
}

/// Two threads end the process at once.
void* end_now(void* barrier) {
  pthread_barrier_wait(static_cast<pthread_barrier_t*>(barrier));
  _exit(kStatus);
}

[[noreturn]] void end_twice() {
  static pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 2);
  pthread_t thread;
  pthread_create(&thread, nullptr, end_now, &barrier);
  end_now(&barrier);
  std::abort();
}

/// Breaks a block and goes on: 100 allocations later somebody should have looked.
void go_on() {
  damaged = static_cast<char*>(std::malloc(kBytes));
  const char whole = damaged[kBytes];
  damaged[kBytes] = static_cast<char>(whole + 1);
  for (int i = 0; i < 1000; ++i) std::free(std::malloc(64));
  damaged[kBytes] = whole;
  static_cast<void>(write(1, "went on\n", 8));
}

int end(std::string_view way) {
  if (way == "vfork") {
    damaged = static_cast<char*>(std::malloc(kBytes));
    child_of_vfork();
    return kStatus;
  }
  if (way == "goes_on") {
    go_on();
    _exit(kStatus);
  }
  break_a_block();
  if (way == "_exit") _exit(kStatus);
  if (way == "_Exit") _Exit(kStatus);
  if (way == "quick_exit") std::quick_exit(kStatus);
  if (way == "abort") std::abort();
  if (way == "segv") *static_cast<volatile int*>(nullptr) = 1;
  if (way == "fpe") raise(SIGFPE);
  if (way == "interrupted") interrupt_allocator();
  if (way == "beside_others") {
    end_while_others_work();
    _exit(kStatus);
  }
  if (way == "twice") end_twice();
  return kStatus;
}

/// What an allocation failed on: a letter for each of `n` rounds of every kind.
int show_failures(int n) {
  static char seen[10000];  // not of the heap
  std::size_t length = 0;
  void* kept = std::malloc(16);
  for (int i = 0; i < n; ++i) {
    void* blocks[4] = {std::malloc(40), std::calloc(3, 700), std::malloc(100000), nullptr};
    if (posix_memalign(&blocks[3], 256, 99) != 0) blocks[3] = nullptr;
    for (void* block : blocks) seen[length++] = block == nullptr ? 'X' : '.';
    // Does not throw: the room for exceptions is an allocation of its own, and when that one fails,
    // at start or here, the C++ library ends the process.
    void* const made = ::operator new(50, std::nothrow);
    seen[length++] = made == nullptr ? 'N' : '.';
    ::operator delete(made);
    void* const moved = std::realloc(kept, kept == nullptr || i % 2 == 0 ? 5000 : 20);
    seen[length++] = moved == nullptr ? 'R' : '.';
    if (moved != nullptr) kept = moved;
    for (void* block : blocks) std::free(block);
  }
  std::free(kept);
  static_cast<void>(write(1, seen, length));
  return kStatus;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "failures") == 0) return show_failures(std::atoi(argv[2]));
  if (argc == 2) return end(argv[1]);
  return 99;
}
