// Forks and signals by the thousand while threads allocate and hand blocks over.
//   storm --forks N      two threads fork, two allocate; each child checks and frees every block
//                        that was on the board, allocates on two threads, and forks once itself
//   storm --signals N    so many signals interrupt the allocating threads wherever they are, slow
//                        paths and system calls too (no SA_RESTART); their handler leaves the heap
//                        alone. Meanwhile two more threads come and go, and one forks.
// The short forms are run by CTest at every level; `--forks 5000` and `--signals 2000000` are long.
// Exit status: 0 clean, 1 failed. Invariant: no child is left behind, and none hangs for ever.
#include "board.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

namespace hakmem::stress {
namespace {

constexpr std::size_t kPlaces = 512;
constexpr unsigned kChildSeconds = 60;
constexpr std::size_t kChurners = 2;

/// The flag and the counters only have to arrive.
constexpr std::memory_order kArrives = std::memory_order_relaxed;

Board<kPlaces> board;
std::atomic<bool> stop{false};
std::atomic<std::uint64_t> signals_seen{0};

void churn(Rng& rng, int steps) {
  for (int i = 0; i < steps; ++i) {
    const std::size_t most = rng.below(40) == 0 ? 300000 : rng.below(5) == 0 ? 20000 : 1000;
    board.replace(rng.below(kPlaces), make_note(rng.below(most), rng.next()));
  }
}

void* churn_until_stopped(void* seed) {
  Rng rng(reinterpret_cast<std::uintptr_t>(seed));
  while (!stop.load(kArrives)) churn(rng, 50);
  return nullptr;
}

void* churn_a_little(void* seed) {
  Rng rng(reinterpret_cast<std::uintptr_t>(seed));
  churn(rng, 200);
  return nullptr;
}

pthread_t start(void* (*body)(void*), std::uintptr_t argument) {
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, body, reinterpret_cast<void*>(argument));
  if (error != 0) die("FAIL pthread_create: %s", std::strerror(error));
  return thread;
}

void wait_for(pid_t child, std::uint64_t number) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) die("FAIL waitpid: %s", std::strerror(errno));
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    die("FAIL child %llu hangs", static_cast<unsigned long long>(number));
  }
  if (status != 0) {
    die("FAIL child %llu ended with wait status 0x%x", static_cast<unsigned long long>(number),
        static_cast<unsigned>(status));
  }
}

/// A child, and with `depth` left a child of its own.
void fork_one(std::uint64_t seed, int depth) {
  const pid_t child = fork();
  if (child < 0) die("FAIL fork: %s", std::strerror(errno));
  if (child != 0) return wait_for(child, seed);
  const itimerval none = {};
  setitimer(ITIMER_REAL, &none, nullptr);
  signal(SIGALRM, SIG_DFL);
  alarm(kChildSeconds);
  Rng rng(seed);
  board.clear();
  churn(rng, 200);
  const pthread_t thread = start(churn_a_little, seed + 1);
  churn(rng, 200);
  pthread_join(thread, nullptr);
  if (depth != 0) fork_one(seed + 7, depth - 1);
  board.clear();
  _exit(0);
}

void* fork_many(void* count) {
  for (std::uintptr_t i = 0; i < reinterpret_cast<std::uintptr_t>(count); ++i) {
    fork_one(i * 31 + 1, 1);
  }
  return nullptr;
}

void fork_storm(std::uint64_t forks) {
  pthread_t churners[kChurners];
  for (std::size_t i = 0; i < kChurners; ++i) churners[i] = start(churn_until_stopped, i + 1);
  const pthread_t other = start(fork_many, forks / 2);
  fork_many(reinterpret_cast<void*>(static_cast<std::uintptr_t>(forks - forks / 2)));
  pthread_join(other, nullptr);
  stop.store(true, kArrives);
  for (const pthread_t thread : churners) pthread_join(thread, nullptr);
  board.clear();
  std::printf("%llu children, each with one of its own\n",
              static_cast<unsigned long long>(forks));
}

void count_signal(int) noexcept { signals_seen.fetch_add(1, kArrives); }

/// Interrupts the churners in turn until so many signals were seen, and the whole process by a
/// timer beside that, which meets whichever thread runs.
void signal_storm(std::uint64_t wanted) {
  struct sigaction action = {};
  action.sa_handler = count_signal;
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
  pthread_t churners[kChurners];
  for (std::size_t i = 0; i < kChurners; ++i) churners[i] = start(churn_until_stopped, i + 1);
  const itimerval every = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &every, nullptr);
  std::uint64_t threads = 0, forks = 0;
  for (std::uint64_t sent = 0; signals_seen.load(kArrives) < wanted; ++sent) {
    pthread_kill(churners[sent % kChurners], SIGUSR1);
    if (sent % 64 == 63) {
      pthread_join(start(churn_a_little, sent), nullptr);
      ++threads;
    }
    if (sent % 2048 == 2047) {
      fork_one(sent, 0);
      ++forks;
    }
  }
  const itimerval none = {};
  setitimer(ITIMER_REAL, &none, nullptr);
  stop.store(true, kArrives);
  for (const pthread_t thread : churners) pthread_join(thread, nullptr);
  board.clear();
  std::printf("%llu signals seen, %llu threads came and went, %llu children\n",
              static_cast<unsigned long long>(signals_seen.load(kArrives)),
              static_cast<unsigned long long>(threads), static_cast<unsigned long long>(forks));
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  const std::uint64_t forks = number_option(argc, argv, "--forks", 0);
  const std::uint64_t signals = number_option(argc, argv, "--signals", 0);
  if ((forks == 0) == (signals == 0)) die("one of --forks N and --signals N");
  char replay[256];
  std::snprintf(replay, sizeof replay, "LD_PRELOAD=%s storm %s %s", subject_path(), argv[1],
                argv[2]);
  note_on_crash(replay);
  forks != 0 ? fork_storm(forks) : signal_storm(signals);
  return 0;
}
