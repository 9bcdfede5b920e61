// bulk: many blocks allocated, then all freed, in LIFO, FIFO or random order. Shows how an
// allocator takes whole slabs back, and what a free costs whose slab is in no cache any more.
#include <array>
#include <utility>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

enum class Order { kLifo, kFifo, kRandom };

Order order_named(const std::string& name) {
  if (name == "lifo") return Order::kLifo;
  if (name == "fifo") return Order::kFifo;
  if (name == "random") return Order::kRandom;
  throw BadArgument("order=" + name + " is none of lifo, fifo, random");
}

class BulkJob final : public Job {
 public:
  BulkJob(SizeRange sizes, std::size_t blocks, std::uint64_t repeats, Order order,
          std::uint64_t seed, unsigned threads)
      : sizes_(sizes),
        blocks_(blocks),
        repeats_(repeats),
        seed_(seed),
        slots_(blocks * threads),
        free_order_(blocks) {
    for (std::size_t i = 0; i < blocks; ++i) {
      free_order_[i] = static_cast<std::uint32_t>(order == Order::kLifo ? blocks - 1 - i : i);
    }
    if (order != Order::kRandom) return;
    Prng prng(splitmix64(seed));
    for (std::size_t i = blocks - 1; i > 0; --i) {  // Fisher-Yates
      std::swap(free_order_[i], free_order_[prng.below(i + 1)]);
    }
  }

  void run(unsigned thread) override {
    Prng prng(seed_ + thread);
    Slot* mine = &slots_[thread * blocks_];
    const std::uint64_t span = sizes_.max_bytes - sizes_.min_bytes + 1;
    for (std::uint64_t repeat = 0; repeat < repeats_; ++repeat) {
      for (std::size_t i = 0; i < blocks_; ++i) {
        fill_slot(mine[i], sizes_.min_bytes + prng.below(span));
      }
      for (const std::uint32_t index : free_order_) free_slot(mine[index]);
    }
  }

 private:
  SizeRange sizes_;
  std::size_t blocks_;
  std::uint64_t repeats_;
  std::uint64_t seed_;
  PageArray<Slot> slots_;
  PageArray<std::uint32_t> free_order_;
};

Measurement run_bulk(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::size_t blocks = arguments.number("blocks", 1, kLiveMax);
  const std::uint64_t repeats = arguments.number("repeats", 1, kOpsMax);
  BulkJob job(size_range(arguments), blocks, repeats, order_named(arguments.word("order")),
              arguments.number("seed", 0, kSeedMax), threads);
  return run_job(job, threads, blocks * repeats * threads);
}

constexpr std::array kParameters{
    Parameter{"order", "lifo", "free order: lifo, fifo or random"},
    Parameter{"min", "64", "smallest request, bytes"},
    Parameter{"max", "64", "largest request, bytes"},
    Parameter{"blocks", "100000", "blocks alive before the first free, per thread"},
    Parameter{"repeats", "10", "times that all are allocated and freed"},
    Parameter{"seed", "42", "seed of sizes and of the random order"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kModes{
    Mode{"bulk", "allocate all, free all in a given order", kParameters, run_bulk},
};

}  // namespace

std::span<const Mode> bulk_modes() { return kModes; }

}  // namespace hakmem::bench
