// sh8: shaped like MicroQuill's sh8bench (SmartHeap): batches of blocks of similar size, half of
// each freed at once in order, half of the rest from the back, survivors kept for long and
// freed together. Sizes drift from batch to batch, so slabs change their class.
#include <array>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

constexpr std::size_t kBatchMin = 500;
constexpr std::size_t kBatchSpan = 512;
constexpr std::size_t kBaseBytesMin = 8;
constexpr std::size_t kBaseBytesSpan = 256;
constexpr std::size_t kKeptMax = 60000;
constexpr std::size_t kSlotsPerThread = kKeptMax + kBatchMin + kBatchSpan;

/// Slots do not move: a stamp is its slot's address. A freed slot is marked by a null block.
class Keeper {
 public:
  explicit Keeper(Slot* slots) : slots_(slots) {}

  /// One batch; returns the number of blocks allocated.
  std::uint64_t batch(Prng& prng) {
    const std::size_t count = kBatchMin + prng.below(kBatchSpan);
    const std::size_t base_bytes = kBaseBytesMin + prng.below(kBaseBytesSpan);
    const std::size_t first = used_;
    for (std::size_t i = 0; i < count; ++i) {
      fill_slot(slots_[used_++], base_bytes + prng.below(base_bytes));
    }
    for (std::size_t i = first; i < used_; i += 2) drop(slots_[i]);
    for (std::size_t i = used_; i-- > first;) {
      if (slots_[i].block != nullptr && (prng.next() & 1) != 0) drop(slots_[i]);
    }
    if (used_ + kBatchMin + kBatchSpan > kSlotsPerThread) drop_all();
    return count;
  }

  void drop_all() {
    for (std::size_t i = 0; i < used_; ++i) {
      if (slots_[i].block != nullptr) drop(slots_[i]);
    }
    used_ = 0;
  }

 private:
  static void drop(Slot& slot) {
    free_slot(slot);
    slot.block = nullptr;
  }

  Slot* slots_;
  std::size_t used_ = 0;
};

class Sh8Job final : public Job {
 public:
  Sh8Job(std::uint64_t ops, std::uint64_t seed, unsigned threads)
      : ops_(ops), seed_(seed), slots_(kSlotsPerThread * threads), done_(threads) {}

  void run(unsigned thread) override {
    Prng prng(seed_ + thread);
    Keeper keeper(&slots_[thread * kSlotsPerThread]);
    std::uint64_t done = 0;
    while (done < ops_) done += keeper.batch(prng);
    keeper.drop_all();
    done_[thread] = done;
  }

  std::uint64_t done() {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : done_) sum += count;
    return sum;
  }

 private:
  std::uint64_t ops_;
  std::uint64_t seed_;
  PageArray<Slot> slots_;
  PageArray<std::uint64_t> done_;
};

Measurement run_sh8(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  Sh8Job job(arguments.number("ops", 1, kOpsMax), arguments.number("seed", 0, kSeedMax), threads);
  Measurement measured = run_job(job, threads, 0);
  measured.ops = job.done();
  return measured;
}

constexpr std::array kParameters{
    Parameter{"ops", "2000000", "blocks per thread, rounded up to whole batches"},
    Parameter{"seed", "42", "seed of sizes and orders"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kModes{
    Mode{"sh8", "drifting batches with long-lived survivors", kParameters, run_sh8},
};

}  // namespace

std::span<const Mode> sh8_modes() { return kModes; }

}  // namespace hakmem::bench
