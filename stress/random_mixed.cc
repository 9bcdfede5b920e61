// Random mix of malloc, calloc, realloc, aligned_alloc and free in a fixed set of slots; every
// block is stamped over its whole length and the stamp is compared before the block is freed or
// resized. Run by CTest with any preloaded malloc:
//   random_mixed --size-max 1024 --seeds 42,123         one process for each seed, prints "2 of 2"
//   random_mixed --size-max 1024 --seed 42              one run in this process
// Invariant: the stamp's key is unique for slot and step, so a block that is handed out twice,
// moved wrongly or overwritten by the allocator shows up as damage at a named offset.
#include "check.h"

#include <malloc.h>

namespace hakmem::stress {
namespace {

struct Config {
  std::size_t iterations = 500000;
  std::size_t size_max = 1024;
  std::size_t slots = 4096;
  std::uint64_t seed = 42;
  bool foreign = false;  ///< alignment_due() for another malloc than HAKMEM
};

struct Slot {
  void* block = nullptr;
  std::size_t bytes = 0;
  std::uint64_t key = 0;
};

constexpr std::size_t kSlotMax = 65536;
Slot slots[kSlotMax];

class Run {
 public:
  explicit Run(const Config& config) : config_(config), rng_(config.seed) {}

  void all() {
    for (step_ = 0; step_ < config_.iterations; ++step_) one_step();
    for (std::size_t i = 0; i < config_.slots; ++i) {
      if (slots[i].block != nullptr) release(i);
    }
  }

 private:
  void one_step() {
    const std::size_t index = rng_.below(config_.slots);
    const std::uint64_t dice = rng_.next();
    if (slots[index].block == nullptr) {
      acquire(index, dice);
    } else if (dice % 8 == 0) {
      resize(index);
    } else {
      release(index);
    }
  }

  [[noreturn]] void fail(std::size_t index, const char* what, std::size_t at) {
    die("FAIL random_mixed: %s at +%zu of slot %zu (%p, %zu bytes), step %zu\n"
        "replay: random_mixed --seed %llu --size-max %zu --iterations %zu --slots %zu",
        what, at, index, slots[index].block, slots[index].bytes, step_,
        static_cast<unsigned long long>(config_.seed), config_.size_max, config_.iterations,
        config_.slots);
  }

  void fill(std::size_t index) {
    Slot& slot = slots[index];
    slot.key = (static_cast<std::uint64_t>(step_) << 20 | index) * 2654435761u + config_.seed;
    stamp(slot.block, slot.bytes, slot.key);
  }

  void check(std::size_t index, std::size_t bytes) {
    const std::size_t at = first_damage(slots[index].block, bytes, slots[index].key);
    if (at != bytes) fail(index, "content changed", at);
  }

  void acquire(std::size_t index, std::uint64_t dice) {
    Slot& slot = slots[index];
    slot.bytes = rng_.below(config_.size_max + 1);
    std::size_t align = alignment_due(slot.bytes, config_.foreign);
    const unsigned way = static_cast<unsigned>(dice >> 32) % 16;
    if (way == 0) {
      slot.block = std::calloc(1, slot.bytes);
    } else if (way == 1) {
      align = std::size_t{16} << (dice >> 48) % 5;
      slot.block = aligned_alloc(align, slot.bytes);
    } else {
      slot.block = std::malloc(slot.bytes);
    }
    if (slot.block == nullptr) fail(index, "allocation returned NULL", 0);
    if (reinterpret_cast<std::uintptr_t>(slot.block) % align != 0) fail(index, "misaligned", align);
    if (malloc_usable_size(slot.block) < slot.bytes) fail(index, "usable size too small", 0);
    if (way == 0) check_zero(index);
    fill(index);
  }

  void check_zero(std::size_t index) {
    const char* bytes = static_cast<const char*>(slots[index].block);
    for (std::size_t i = 0; i < slots[index].bytes; ++i) {
      if (bytes[i] != 0) fail(index, "calloc returned a byte that is not zero", i);
    }
  }

  void resize(std::size_t index) {
    Slot& slot = slots[index];
    check(index, slot.bytes);
    const std::size_t wanted = 1 + rng_.below(config_.size_max);
    void* moved = std::realloc(slot.block, wanted);
    if (moved == nullptr) fail(index, "realloc returned NULL", 0);
    slot.block = moved;
    check(index, wanted < slot.bytes ? wanted : slot.bytes);
    slot.bytes = wanted;
    fill(index);
  }

  void release(std::size_t index) {
    check(index, slots[index].bytes);
    std::free(slots[index].block);
    slots[index] = Slot{};
  }

  Config config_;
  Rng rng_;
  std::size_t step_ = 0;
};

/// One process for each seed of a comma-separated list; returns the number that failed.
int run_seeds(const char* list, int argc, char** argv) {
  int runs = 0;
  int passed = 0;
  for (const char* at = list; *at != '\0';) {
    char seed[32] = {};
    const std::size_t length = std::strcspn(at, ",");
    std::memcpy(seed, at, length < sizeof seed - 1 ? length : sizeof seed - 1);
    at += length + (at[length] == ',' ? 1 : 0);
    const char* arguments[] = {"--seed",       seed,
                               "--size-max",   text_option(argc, argv, "--size-max", "1024"),
                               "--iterations", text_option(argc, argv, "--iterations", "500000"),
                               "--slots",      text_option(argc, argv, "--slots", "4096"),
                               has_option(argc, argv, "--foreign") ? "--foreign" : nullptr,
                               nullptr};
    const int status = run_self(arguments);
    ++runs;
    if (status == 0) {
      ++passed;
    } else {
      std::printf("FAIL seed %s: wait status 0x%x\n", seed, static_cast<unsigned>(status));
    }
  }
  std::printf("%d of %d\n", passed, runs);
  return runs > 0 && passed == runs ? 0 : 1;
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  if (const char* list = text_option(argc, argv, "--seeds", nullptr)) {
    return run_seeds(list, argc, argv);
  }
  Config config;
  config.iterations = number_option(argc, argv, "--iterations", config.iterations);
  config.size_max = number_option(argc, argv, "--size-max", config.size_max);
  config.slots = number_option(argc, argv, "--slots", config.slots);
  config.seed = number_option(argc, argv, "--seed", config.seed);
  config.foreign = has_option(argc, argv, "--foreign");
  if (config.slots == 0 || config.slots > kSlotMax) die("--slots: 1 to %zu", kSlotMax);
  char replay[256];
  std::snprintf(replay, sizeof replay,
                "random_mixed --seed %llu --size-max %zu --iterations %zu "
                "--slots %zu",
                static_cast<unsigned long long>(config.seed), config.size_max, config.iterations,
                config.slots);
  note_on_crash(replay);
  Run(config).all();
  return 0;
}
