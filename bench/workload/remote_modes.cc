// remote: producers allocate, consumers free, so that every free is a remote one. Each pair of
// threads shares a ring of 4096 blocks, published in runs of 64 as a message queue would.
#include <sched.h>

#include <array>
#include <atomic>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

constexpr std::size_t kRingSlots = 4096;
constexpr std::uint64_t kPublishRun = 64;
constexpr unsigned kSpinsBeforeYield = 200;

/// PROTOCOL: single producer, single consumer. The producer owns slots [published, taken + ring),
/// the consumer owns [taken, published). Each side writes its own counter only.
struct RingOrders {
  // Pairs with kSee: the stamps and slot pointers before the counter become visible with it.
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kSee = std::memory_order_acquire;
};

struct Ring {
  alignas(64) std::atomic<std::uint64_t> shared_published;
  alignas(64) std::atomic<std::uint64_t> shared_taken;
  alignas(64) Slot slots[kRingSlots];
};

/// Waits without starving the other side when both share one core.
class Patience {
 public:
  void wait() {
    if (++spins_ < kSpinsBeforeYield) return;
    sched_yield();
    spins_ = 0;
  }

 private:
  unsigned spins_ = 0;
};

class RemoteJob final : public Job {
 public:
  RemoteJob(SizeRange sizes, std::uint64_t ops, std::uint64_t seed, unsigned pairs)
      : sizes_(sizes), ops_(ops), seed_(seed), rings_(pairs) {}

  // Even threads produce, odd threads consume.
  void run(unsigned thread) override {
    Ring& ring = rings_[thread / 2];
    if (thread % 2 == 0) {
      produce(ring, thread / 2);
    } else {
      consume(ring);
    }
  }

 private:
  void produce(Ring& ring, unsigned pair) const {
    Prng prng(seed_ + pair);
    const std::uint64_t span = sizes_.max_bytes - sizes_.min_bytes + 1;
    std::uint64_t taken = 0;
    for (std::uint64_t made = 0; made < ops_;) {
      Patience patience;
      while (made - taken >= kRingSlots) {
        taken = ring.shared_taken.load(RingOrders::kSee);
        if (made - taken >= kRingSlots) patience.wait();
      }
      std::uint64_t end = made + kPublishRun;
      if (end > ops_) end = ops_;
      if (end > taken + kRingSlots) end = taken + kRingSlots;
      for (; made < end; ++made) {
        fill_slot(ring.slots[made % kRingSlots], sizes_.min_bytes + prng.below(span));
      }
      ring.shared_published.store(made, RingOrders::kPublish);
    }
  }

  void consume(Ring& ring) const {
    for (std::uint64_t freed = 0; freed < ops_;) {
      Patience patience;
      std::uint64_t published = ring.shared_published.load(RingOrders::kSee);
      while (published == freed) {
        patience.wait();
        published = ring.shared_published.load(RingOrders::kSee);
      }
      for (; freed < published; ++freed) free_slot(ring.slots[freed % kRingSlots]);
      ring.shared_taken.store(freed, RingOrders::kPublish);
    }
  }

  SizeRange sizes_;
  std::uint64_t ops_;
  std::uint64_t seed_;
  PageArray<Ring> rings_;
};

Measurement run_remote(const Arguments& arguments) {
  const auto pairs = static_cast<unsigned>(arguments.number("pairs", 1, kThreadsMax / 2));
  const std::uint64_t ops = arguments.number("ops", 1, kOpsMax);
  RemoteJob job(size_range(arguments), ops, arguments.number("seed", 0, kSeedMax), pairs);
  return run_job(job, 2 * pairs, ops * pairs);
}

constexpr std::array kParameters{
    Parameter{"min", "64", "smallest request, bytes"},
    Parameter{"max", "64", "largest request, bytes"},
    Parameter{"ops", "2000000", "blocks per pair of threads"},
    Parameter{"pairs", "1", "pairs of one producer and one consumer"},
    Parameter{"seed", "42", "seed of sizes"},
};
constexpr std::array kModes{
    Mode{"remote", "one thread allocates, another frees", kParameters, run_remote},
};

}  // namespace

std::span<const Mode> remote_modes() { return kModes; }

}  // namespace hakmem::bench
