// pair: malloc and free at once, with or without other live blocks; batch: n blocks, then n frees.
// The shortest path of every allocator: what a loop that allocates one temporary object costs.
#include <array>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"

namespace hakmem::bench {
namespace {

// Warm-up: enough operations that the first SuperSlab is mapped and every list is filled.
constexpr std::uint64_t kWarmUpShare = 50;

class PairJob final : public Job {
 public:
  PairJob(std::size_t bytes, std::uint64_t ops, std::size_t live, unsigned threads)
      : bytes_(bytes), ops_(ops), live_(live), slots_(live * threads) {}

  void prepare(unsigned thread) override {
    for (std::size_t i = 0; i < live_; ++i) fill_slot(slots_[thread * live_ + i], bytes_);
    pairs(ops_ / kWarmUpShare);
  }
  void run(unsigned) override { pairs(ops_); }
  void finish(unsigned thread) override {
    for (std::size_t i = 0; i < live_; ++i) free_slot(slots_[thread * live_ + i]);
  }

 private:
  void pairs(std::uint64_t count) const {
    Slot slot;
    for (std::uint64_t i = 0; i < count; ++i) {
      fill_slot(slot, bytes_);
      free_slot(slot);
    }
  }

  std::size_t bytes_;
  std::uint64_t ops_;
  std::size_t live_;
  PageArray<Slot> slots_;
};

Measurement run_pair(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::uint64_t ops = arguments.number("ops", 1, kOpsMax);
  PairJob job(one_size(arguments), ops, arguments.number("live", 0, kLiveMax), threads);
  return run_job(job, threads, ops * threads);
}

class BatchJob final : public Job {
 public:
  BatchJob(std::size_t bytes, std::uint64_t ops, std::size_t batch, bool lifo, unsigned threads)
      : bytes_(bytes), ops_(ops), batch_(batch), lifo_(lifo), slots_(batch * threads) {}

  void prepare(unsigned thread) override { batches(thread, ops_ / kWarmUpShare); }
  void run(unsigned thread) override { batches(thread, ops_); }

 private:
  void batches(unsigned thread, std::uint64_t count) {
    Slot* first = &slots_[thread * batch_];
    Slot* last = first + batch_;
    for (std::uint64_t done = 0; done < count; done += batch_) {
      for (Slot* slot = first; slot != last; ++slot) fill_slot(*slot, bytes_);
      if (lifo_) {
        for (Slot* slot = last; slot-- != first;) free_slot(*slot);
      } else {
        for (Slot* slot = first; slot != last; ++slot) free_slot(*slot);
      }
    }
  }

  std::size_t bytes_;
  std::uint64_t ops_;  // a multiple of batch_
  std::size_t batch_;
  bool lifo_;
  PageArray<Slot> slots_;
};

Measurement run_batch(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::size_t batch = arguments.number("batch", 1, kLiveMax);
  const std::uint64_t asked = arguments.number("ops", 1, kOpsMax);
  const std::uint64_t ops = (asked + batch - 1) / batch * batch;
  const std::string& order = arguments.word("order");
  if (order != "lifo" && order != "fifo") throw BadArgument("order is lifo or fifo");
  BatchJob job(one_size(arguments), ops, batch, order == "lifo", threads);
  return run_job(job, threads, ops * threads);
}

constexpr std::array kPairParameters{
    Parameter{"size", "16", "bytes of every block"},
    Parameter{"live", "0", "blocks of that size alive all the while, per thread"},
    Parameter{"ops", "10000000", "pairs per thread"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kBatchParameters{
    Parameter{"size", "16", "bytes of every block"},
    Parameter{"batch", "100", "blocks allocated before the first is freed"},
    Parameter{"order", "fifo", "free order: lifo or fifo"},
    Parameter{"ops", "10000000", "blocks per thread"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kModes{
    Mode{"pair", "malloc, then free at once", kPairParameters, run_pair},
    Mode{"batch", "allocate a batch, free the batch", kBatchParameters, run_batch},
};

}  // namespace

std::span<const Mode> pair_modes() { return kModes; }

}  // namespace hakmem::bench
