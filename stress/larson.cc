// The larson server pattern as a check: threads replace random blocks of an array for a while, then
// hand the array to a thread that starts as they end, so most blocks are freed by another thread
// than the one that allocated them, and often after that one has gone. Through shared mailboxes
// they also exchange blocks with threads that are still running. Run by CTest with any preloaded
// malloc:
//   larson --runs 50 --seed 1          fifty processes with seeds 1..50, prints "50 of 50"
//   larson --seed 7                    one run
// Invariant: every block carries a stamp over its whole length, keyed by slot and step, compared by
// whoever frees it. The number of operations is fixed, never the time.
#include "check.h"

#include <pthread.h>

#include <atomic>

namespace hakmem::stress {
namespace {

constexpr std::size_t kSlots = 1000;
constexpr std::size_t kThreadMax = 64;
constexpr std::size_t kMailboxes = 64;
constexpr std::size_t kStepsAParcel = 8;

struct Slot {
  void* block = nullptr;
  std::size_t bytes = 0;
  std::uint64_t key = 0;
};

struct Lane {
  Slot slots[kSlots];
  std::uint64_t seed = 0;
  std::size_t generation = 0;
};

struct Config {
  std::size_t threads = 4;
  std::size_t generations = 20;
  std::size_t steps = 12000;
  std::size_t size_max = 1024;
  std::uint64_t seed = 1;
} config;

/// A block that travels between running threads describes itself: these fields, then a stamp.
struct Parcel {
  std::size_t bytes;  ///< of the whole block
  std::uint64_t key;
};

Lane lanes[kThreadMax];
/// Release publishes a parcel's stamp, acquire sees the one of the thread that left it.
struct MailboxOrders {
  static constexpr std::memory_order kExchange = std::memory_order_acq_rel;
};
std::atomic<Parcel*> mailboxes[kMailboxes];
char replay[256];

[[noreturn]] void fail(const Slot& slot, const char* what, std::size_t at) {
  die("FAIL larson: %s at +%zu of %p (%zu bytes)\nreplay: %s", what, at, slot.block, slot.bytes,
      replay);
}

void check(const Slot& slot) {
  const std::size_t at = first_damage(slot.block, slot.bytes, slot.key);
  if (at != slot.bytes) fail(slot, "content changed", at);
}

void refill(Slot& slot, Rng& rng) {
  slot.bytes = 1 + rng.below(config.size_max);
  slot.block = std::malloc(slot.bytes);
  if (slot.block == nullptr) fail(slot, "malloc returned NULL", 0);
  slot.key = rng.next();
  stamp(slot.block, slot.bytes, slot.key);
}

void unpack(Parcel* parcel) {
  if (parcel == nullptr) return;
  const std::size_t content = parcel->bytes - sizeof(Parcel);
  const std::size_t at = first_damage(parcel + 1, content, parcel->key);
  if (at != content) fail(Slot{parcel, parcel->bytes, parcel->key}, "parcel changed", at);
  std::free(parcel);
}

/// Leaves a new block in a mailbox and frees the one that some other thread left there.
void exchange_parcel(Rng& rng) {
  const std::size_t bytes = sizeof(Parcel) + rng.below(config.size_max);
  auto* parcel = static_cast<Parcel*>(std::malloc(bytes));
  if (parcel == nullptr) die("FAIL larson: malloc returned NULL\nreplay: %s", replay);
  parcel->bytes = bytes;
  parcel->key = rng.next();
  stamp(parcel + 1, bytes - sizeof(Parcel), parcel->key);
  unpack(mailboxes[rng.below(kMailboxes)].exchange(parcel, MailboxOrders::kExchange));
}

/// One generation of one lane: `steps` replacements, then the thread ends and leaves its blocks.
void* worker(void* argument) {
  Lane& lane = *static_cast<Lane*>(argument);
  Rng rng(lane.seed + lane.generation * 7919);
  for (std::size_t step = 0; step < config.steps; ++step) {
    Slot& slot = lane.slots[rng.below(kSlots)];
    if (slot.block != nullptr) {
      check(slot);
      std::free(slot.block);
    }
    refill(slot, rng);
    if (step % kStepsAParcel == 0) exchange_parcel(rng);
  }
  ++lane.generation;
  return nullptr;
}

/// Every lane has one thread at a time; its next owner is a new thread that starts while the other
/// lanes' threads still run.
void one_run() {
  pthread_t threads[kThreadMax];
  for (std::size_t i = 0; i < config.threads; ++i) {
    lanes[i].seed = config.seed * 1000003 + i;
    if (pthread_create(&threads[i], nullptr, worker, &lanes[i]) != 0) die("FAIL pthread_create");
  }
  for (std::size_t generation = 1; generation < config.generations; ++generation) {
    for (std::size_t i = 0; i < config.threads; ++i) {
      pthread_join(threads[i], nullptr);
      if (pthread_create(&threads[i], nullptr, worker, &lanes[i]) != 0) die("FAIL pthread_create");
    }
  }
  for (std::size_t i = 0; i < config.threads; ++i) pthread_join(threads[i], nullptr);
  for (auto& mailbox : mailboxes) unpack(mailbox.exchange(nullptr, MailboxOrders::kExchange));
  for (std::size_t i = 0; i < config.threads; ++i) {
    if (lanes[i].generation != config.generations) die("FAIL larson: a generation is missing");
    for (Slot& slot : lanes[i].slots) {
      if (slot.block == nullptr) continue;
      check(slot);
      std::free(slot.block);
    }
  }
}

int many_runs(std::uint64_t runs, int argc, char** argv) {
  std::uint64_t passed = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    char seed[32];
    std::snprintf(seed, sizeof seed, "%llu", static_cast<unsigned long long>(config.seed + run));
    const char* arguments[] = {"--seed",        seed,
                               "--threads",     text_option(argc, argv, "--threads", "4"),
                               "--generations", text_option(argc, argv, "--generations", "20"),
                               "--steps",       text_option(argc, argv, "--steps", "12000"),
                               "--size-max",    text_option(argc, argv, "--size-max", "1024"),
                               nullptr};
    const int status = run_self(arguments);
    if (status == 0) {
      ++passed;
    } else {
      std::printf("FAIL seed %s: wait status 0x%x, replay: larson --seed %s\n", seed,
                  static_cast<unsigned>(status), seed);
    }
  }
  std::printf("%llu of %llu\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(runs));
  return runs > 0 && passed == runs ? 0 : 1;
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  config.threads = number_option(argc, argv, "--threads", config.threads);
  config.generations = number_option(argc, argv, "--generations", config.generations);
  config.steps = number_option(argc, argv, "--steps", config.steps);
  config.size_max = number_option(argc, argv, "--size-max", config.size_max);
  config.seed = number_option(argc, argv, "--seed", config.seed);
  if (config.threads == 0 || config.threads > kThreadMax || config.size_max == 0) {
    die("--threads: 1 to %zu, --size-max: at least 1", kThreadMax);
  }
  const std::uint64_t runs = number_option(argc, argv, "--runs", 0);
  if (runs != 0) return many_runs(runs, argc, argv);
  std::snprintf(replay, sizeof replay,
                "larson --seed %llu --threads %zu --generations %zu --steps %zu --size-max %zu",
                static_cast<unsigned long long>(config.seed), config.threads, config.generations,
                config.steps, config.size_max);
  note_on_crash(replay);
  one_run();
  return 0;
}
