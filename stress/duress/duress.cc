// A heap error at the worst moment: each case ends in a double free, or in an overflow that only
// the sweep of a dying process can find, while something else makes a report hard to write.
//   duress list          one line for each case: name, error, options that it needs
//   duress CASE          run_duress.py runs it again and again, and wants a report every time
// Invariant: no case can end by itself with the status of a finding.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace {

#define DURESS_NOINLINE __attribute__((noinline, used))

template <class T>
DURESS_NOINLINE T opaque(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

DURESS_NOINLINE void free_twice() {
  void* const block = std::malloc(100);
  std::free(opaque(block));
  std::free(opaque(block));
}

char* volatile kept;

/// One byte behind the end of a block that is never freed.
DURESS_NOINLINE void overflow_kept_block() {
  kept = static_cast<char*>(std::malloc(100));
  kept[100] = 'x';
}

/// Blocks of all tiers come and go: locks are taken and given back all the time.
[[noreturn]] void churn() {
  std::vector<void*> blocks(64);
  for (std::size_t i = 0;; ++i) {
    void*& block = blocks[i % blocks.size()];
    std::free(block);
    block = std::malloc(i % 7 == 0 ? 100000 + i % 1000000 : i % 3000);
  }
}

/// A timer's signal in the middle of the allocator, some milliseconds from now.
void interrupt_with(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  if (handler != nullptr) sigaction(signal, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_usec = 1000 + static_cast<long>(getpid()) % 4000;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void* volatile freed_block;

void lock_held_free() {
  freed_block = std::malloc(100);
  std::free(freed_block);
  interrupt_with(SIGALRM, [](int) { std::free(freed_block); });
  churn();
}

/// The default action of a signal ends a process in the middle of the allocator: the sweep.
void lock_held_sweep() {
  overflow_kept_block();
  interrupt_with(SIGALRM, nullptr);
  churn();
}

DURESS_NOINLINE int dig(volatile char* above) {
  volatile char frame[512];
  frame[0] = above[0];
  return dig(frame) + frame[0];
}

void stack_exhausted() {
  overflow_kept_block();
  char first = 1;
  std::exit(dig(&first) == 0);
}

/// With 16 KiB of stack, of which the C library takes some.
void stack_small() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 16384);
  pthread_t thread;
  pthread_create(&thread, &attributes, [](void*) -> void* { free_twice(); return nullptr; },
                 nullptr);
  pthread_join(thread, nullptr);
}

/// Another thread sends the reporting one signals that end a process, until it has ended.
void fault_inside() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;  // until the report's own handler stands there
  sigaction(SIGSEGV, &ignore, nullptr);
  std::thread([victim = pthread_self()] {
    for (;;) pthread_kill(victim, SIGSEGV);
  }).detach();
  free_twice();
}

void plain() { free_twice(); }

/// Children are being made by one thread and fail by themselves, while another thread fails.
void fork_in_flight() {
  std::atomic<int> forks{0};
  std::thread([&] {
    for (;;) {
      const pid_t child = fork();
      if (child == 0) {
        free_twice();
        _exit(1);
      }
      ++forks;
      int status = 0;
      waitpid(child, &status, 0);
      // A child without a report must not look like one: then nobody reports at all.
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 86) _exit(1);
    }
  }).detach();
  while (forks == 0) {
  }
  free_twice();
}

void threads_at_once() {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      pthread_barrier_wait(&barrier);
      free_twice();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// A name that grows with each of a hundred frames.
template <class... Parts>
struct Nested {};

template <int kDepth, class Type>
struct Frames {
  DURESS_NOINLINE static int run(const Type& value) {
    const Nested<Type, std::integral_constant<int, kDepth>> next{};
    static_cast<void>(value);
    return Frames<kDepth - 1, std::conditional_t<kDepth % 8 == 0, std::pair<int, long>,
                                                 Nested<Type, Type>>>::run({}) +
           opaque(kDepth) + static_cast<int>(sizeof next);
  }
};
template <class Type>
struct Frames<0, Type> {
  DURESS_NOINLINE static int run(const Type&) {
    free_twice();
    return 0;
  }
};

void templates() { std::exit(Frames<100, std::pair<char, short>>::run({}) == 0); }

struct Case {
  const char* name;
  const char* error;
  const char* options;
  void (*run)();
};

constexpr Case kCases[] = {
    {"lock_held_free", "HK101", "symbolize=0", lock_held_free},
    {"lock_held_sweep", "HK103", "symbolize=0", lock_held_sweep},
    {"stack_exhausted", "HK103", "symbolize=0", stack_exhausted},
    {"stack_small", "HK101", "symbolize=0", stack_small},
    {"fault_inside", "HK101", "symbolize=0", fault_inside},
    {"folder_unwritable", "HK101", "symbolize=0:report=/proc/self/none", plain},
    {"folder_is_a_file", "HK101", "symbolize=0:report=/dev/null", plain},
    {"fork_in_flight", "HK101", "symbolize=0", fork_in_flight},
    {"threads_at_once", "HK101", "symbolize=0", threads_at_once},
    {"templates", "HK101", "symbolize=0", templates},
    {"templates_named", "HK101", "symbolize=1", templates},
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  for (const Case& c : kCases) {
    if (std::strcmp(arguments[1], "list") == 0) {
      std::printf("%s %s %s\n", c.name, c.error, c.options);
    } else if (std::strcmp(arguments[1], c.name) == 0) {
      c.run();
      return 1;
    }
  }
  return std::strcmp(arguments[1], "list") == 0 ? 0 : 2;
}
