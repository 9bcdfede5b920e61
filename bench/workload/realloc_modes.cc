// realloc: a buffer that grows by half from `from` to `to` bytes, as a vector or a string does.
// calloc: a working set of zeroed blocks. Both check contents: a growth keeps the first and last
// bytes of the old block, a zeroed block is zero at both ends.
#include <array>
#include <cstring>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

constexpr unsigned char kTailMark = 0x5A;

class ReallocJob final : public Job {
 public:
  ReallocJob(std::size_t from_bytes, std::size_t to_bytes, std::uint64_t buffers)
      : from_bytes_(from_bytes), to_bytes_(to_bytes), buffers_(buffers) {}

  std::uint64_t calls_per_buffer() const {
    std::uint64_t calls = 0;
    for (std::size_t bytes = from_bytes_; bytes < to_bytes_; bytes += bytes / 2) ++calls;
    return calls;
  }

  void run(unsigned) override {
    for (std::uint64_t i = 0; i < buffers_; ++i) grow_one();
  }

 private:
  void grow_one() const {
    Slot slot;
    std::size_t old_bytes = 0;
    for (std::size_t bytes = from_bytes_; bytes < to_bytes_; bytes += bytes / 2) {
      auto* block = static_cast<unsigned char*>(std::realloc(slot.block, bytes));
      if (block == nullptr) [[unlikely]]
        die_out_of_memory(bytes);
      if (old_bytes != 0) {
        slot.block = block;
        check_stamp(slot);
        if (old_bytes > sizeof(void*) && block[old_bytes - 1] != kTailMark) [[unlikely]] {
          die_broken_block(block, nullptr, block + old_bytes - 1);
        }
      }
      block[bytes - 1] = kTailMark;
      stamp(slot, block);
      old_bytes = bytes;
    }
    free_slot(slot);
  }

  std::size_t from_bytes_;
  std::size_t to_bytes_;
  std::uint64_t buffers_;
};

Measurement run_realloc(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::size_t from_bytes = arguments.number("from", kBlockBytesMin, kBytesMax);
  const std::size_t to_bytes = arguments.number("to", from_bytes + 1, kBytesMax);
  const std::uint64_t buffers = arguments.number("buffers", 1, kOpsMax);
  ReallocJob job(from_bytes, to_bytes, buffers);
  return run_job(job, threads, buffers * job.calls_per_buffer() * threads);
}

class CallocJob final : public Job {
 public:
  CallocJob(SizeRange sizes, std::size_t live, std::uint64_t iterations, std::uint64_t seed,
            unsigned threads)
      : sizes_(sizes), live_(live), iterations_(iterations), seed_(seed), slots_(live * threads) {}

  void prepare(unsigned thread) override {
    for (std::size_t i = 0; i < live_; ++i) {
      fill_zeroed(slots_[thread * live_ + i], sizes_.max_bytes);
    }
  }

  void run(unsigned thread) override {
    Prng prng(seed_ + thread);
    Slot* mine = &slots_[thread * live_];
    for (std::uint64_t i = 0; i < iterations_; ++i) {
      const auto [index, bytes] =
          draw_slot_and_size(prng, live_, sizes_.min_bytes, sizes_.max_bytes);
      // Dirt where the next owner looks first: a heap that forgets to zero is caught at once.
      std::memset(mine[index].block + sizeof(void*), 0xEE, sizes_.min_bytes - sizeof(void*));
      free_slot(mine[index]);
      fill_zeroed(mine[index], bytes);
    }
  }

  void finish(unsigned thread) override {
    for (std::size_t i = 0; i < live_; ++i) free_slot(slots_[thread * live_ + i]);
  }

 private:
  static void fill_zeroed(Slot& slot, std::size_t bytes) {
    auto* block = static_cast<unsigned char*>(std::calloc(1, bytes));
    if (block == nullptr) [[unlikely]]
      die_out_of_memory(bytes);
    void* head;
    void* tail;
    std::memcpy(&head, block, sizeof head);
    std::memcpy(&tail, block + bytes - sizeof tail, sizeof tail);
    if (head != nullptr || tail != nullptr) [[unlikely]]
      die_not_zero(block, bytes);
    stamp(slot, block);
  }

  SizeRange sizes_;
  std::size_t live_;
  std::uint64_t iterations_;
  std::uint64_t seed_;
  PageArray<Slot> slots_;
};

Measurement run_calloc(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::uint64_t iterations = arguments.number("iterations", 1, kOpsMax);
  CallocJob job(size_range(arguments), arguments.number("live", 1, kLiveMax), iterations,
                arguments.number("seed", 0, kSeedMax), threads);
  return run_job(job, threads, iterations * threads);
}

constexpr std::array kReallocParameters{
    Parameter{"from", "16", "first size, bytes"},
    Parameter{"to", "65536", "growth stops before this size, bytes"},
    Parameter{"buffers", "5000", "buffers grown one after the other, per thread"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kCallocParameters{
    Parameter{"iterations", "2000000", "replacements per thread"},
    Parameter{"live", "256", "working set, blocks per thread"},
    Parameter{"min", "16", "smallest request, bytes"},
    Parameter{"max", "528", "largest request, bytes"},
    Parameter{"seed", "42", "seed of sizes and slots"},
    Parameter{"threads", "1", "threads"},
};
constexpr std::array kModes{
    Mode{"realloc", "buffers that grow by half", kReallocParameters, run_realloc},
    Mode{"calloc", "zeroed blocks in a working set", kCallocParameters, run_calloc},
};

}  // namespace

std::span<const Mode> realloc_modes() { return kModes; }

}  // namespace hakmem::bench
