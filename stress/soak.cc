// A steady load for long: as many live bytes all the time, of sizes that change from round to
// round, on threads that end and hand over what they had. Resident memory must not grow.
//   soak [--rounds N] [--seed N] [--leak N]     one block in N is lost, which must be found
// The peak of the rounds after the warm-up (two thirds of them) may be a quarter and 16 MiB above
// that of the warm-up: a leak or growing fragmentation passes any such bound when the rounds are
// enough. The warm-up is long because sizes change: each class comes to its peak in its own time.
// The short form is run by CTest at every level, `--rounds 3000` takes the better part of an hour.
// Exit status: 0 clean, 1 failed.
#include "board.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>

namespace hakmem::stress {
namespace {

constexpr std::size_t kPlaces = 6000;
constexpr std::size_t kThreads = 2;
constexpr std::size_t kStepsOfRound = 20000;  // of each thread
/// Live bytes are held at this by the sizes' mean, whatever the round's sizes are.
constexpr std::size_t kMeanBytes = 2048;

Board<kPlaces> board;
std::uint64_t leak_one_in = 0;

struct Work {
  pthread_t handle;
  std::uint64_t seed;
  std::uint64_t round;
};

/// Sizes of a round: all of one decade in some, from 16 bytes to 256 KiB in others. Large ones are
/// as rare as the mean wants; the rest of the places is empty then.
std::size_t bytes_in_round(Rng& rng, std::uint64_t round) {
  constexpr std::size_t kTops[] = {64, 1024, 4096, 32 * 1024, 256 * 1024};
  const std::size_t top = kTops[round % 7 < 5 ? round % 5 : rng.below(5)];
  const bool skipped = top / 2 > kMeanBytes && rng.below(top / 2) >= kMeanBytes;
  return skipped ? 0 : 16 + rng.below(top);
}

void* run_thread(void* argument) {
  const Work& work = *static_cast<Work*>(argument);
  Rng rng(work.seed);
  for (std::size_t step = 0; step < kStepsOfRound; ++step) {
    const std::size_t bytes = bytes_in_round(rng, work.round);
    Note* const note = bytes != 0 ? make_note(bytes, rng.next()) : nullptr;
    board.replace(rng.below(kPlaces), note);
    if (leak_one_in != 0 && rng.below(leak_one_in) == 0) make_note(kMeanBytes, step);
  }
  return nullptr;
}

std::size_t resident_bytes() {
  char text[128] = {};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t got = file >= 0 ? read(file, text, sizeof text - 1) : -1;
  if (file >= 0) close(file);
  const char* const resident = got > 0 ? std::strchr(text, ' ') : nullptr;
  if (resident == nullptr) die("FAIL /proc/self/statm cannot be read");
  return std::strtoull(resident, nullptr, 10) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void run_round(std::uint64_t seed, std::uint64_t round) {
  Work work[kThreads];
  for (std::size_t i = 0; i < kThreads; ++i) {
    work[i].seed = seed * 1000003 + round * kThreads + i;
    work[i].round = round;
    const int error = pthread_create(&work[i].handle, nullptr, run_thread, &work[i]);
    if (error != 0) die("FAIL pthread_create: %s", std::strerror(error));
  }
  for (Work& each : work) pthread_join(each.handle, nullptr);
}

int run_all(int argc, char** argv) {
  const std::uint64_t seed = number_option(argc, argv, "--seed", 1);
  const std::uint64_t rounds = std::max<std::uint64_t>(
      number_option(argc, argv, "--rounds", 90), 21);
  leak_one_in = number_option(argc, argv, "--leak", 0);
  char replay[256];
  std::snprintf(replay, sizeof replay, "LD_PRELOAD=%s soak --seed %llu --rounds %llu",
                subject_path(), static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(rounds));
  note_on_crash(replay);
  const std::uint64_t warm_up = rounds / 3 * 2;
  std::size_t peak_early = 0, peak_late = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    run_round(seed, round);
    const std::size_t resident = resident_bytes();
    std::size_t& peak = round < warm_up ? peak_early : peak_late;
    peak = std::max(peak, resident);
    const std::size_t bound = peak_early + peak_early / 4 + (std::size_t{16} << 20);
    if (round >= warm_up && resident > bound) {
      die("FAIL round %llu: %zu MiB resident, %zu after the warm-up, so it grew above the bound of "
          "%zu\n  replay: %s",
          static_cast<unsigned long long>(round), resident >> 20, peak_early >> 20, bound >> 20,
          replay);
    }
    if (round % 100 == 99) {
      std::printf("round %llu: %zu MiB resident\n", static_cast<unsigned long long>(round + 1),
                  resident >> 20);
      std::fflush(stdout);
    }
  }
  board.clear();
  std::printf("%llu rounds, %llu blocks, peak resident %zu MiB while warming up and %zu after\n",
              static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(rounds * kThreads * kStepsOfRound), peak_early >> 20,
              peak_late >> 20);
  return 0;
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  hakmem::stress::require_subject();
  return hakmem::stress::run_all(argc, argv);
}
