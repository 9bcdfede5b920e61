// mixed, mid, large: a working set in which a random block is replaced by one of random size.
// What a long-running program does to its heap; the three modes differ in their defaults only.
#include <array>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

template <Touch kTouch>
class MixedJob final : public Job {
 public:
  MixedJob(SizeRange sizes, std::size_t live, std::uint64_t iterations, std::uint64_t seed,
           unsigned threads)
      : sizes_(sizes), live_(live), iterations_(iterations), seed_(seed), slots_(live * threads) {}

  void prepare(unsigned thread) override {
    Prng prng(splitmix64(seed_) + thread);
    const std::uint64_t span = sizes_.max_bytes - sizes_.min_bytes + 1;
    for (std::size_t i = 0; i < live_; ++i) {
      fill_slot<kTouch>(slots_[thread * live_ + i], sizes_.min_bytes + prng.below(span));
    }
  }

  void run(unsigned thread) override {
    Prng prng(seed_ + thread);
    Slot* mine = &slots_[thread * live_];
    for (std::uint64_t i = 0; i < iterations_; ++i) {
      const auto [index, bytes] =
          draw_slot_and_size(prng, live_, sizes_.min_bytes, sizes_.max_bytes);
      free_slot(mine[index]);
      fill_slot<kTouch>(mine[index], bytes);
    }
  }

  void finish(unsigned thread) override {
    for (std::size_t i = 0; i < live_; ++i) free_slot(slots_[thread * live_ + i]);
  }

 private:
  SizeRange sizes_;
  std::size_t live_;
  std::uint64_t iterations_;
  std::uint64_t seed_;
  PageArray<Slot> slots_;
};

template <Touch kTouch>
Measurement run_touching(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const std::uint64_t iterations = arguments.number("iterations", 1, kOpsMax);
  MixedJob<kTouch> job(size_range(arguments), arguments.number("live", 1, kLiveMax), iterations,
                       arguments.number("seed", 0, kSeedMax), threads);
  return run_job(job, threads, iterations * threads);
}

Measurement run_mixed(const Arguments& arguments) {
  switch (touch_kind(arguments)) {
    case Touch::kPages:
      return run_touching<Touch::kPages>(arguments);
    case Touch::kAll:
      return run_touching<Touch::kAll>(arguments);
    case Touch::kStamp:
      break;
  }
  return run_touching<Touch::kStamp>(arguments);
}

constexpr Parameter kIterations{"iterations", "2000000", "replacements per thread"};
constexpr Parameter kSeed{"seed", "42", "seed of sizes and slots"};
constexpr Parameter kThreads{"threads", "1", "threads, each with its own working set"};
constexpr Parameter kTouchStamp{"touch", "stamp", "what is written: stamp, pages or all"};

constexpr std::array kMixedParameters{
    kIterations,
    Parameter{"live", "4096", "working set, blocks per thread"},
    Parameter{"min", "16", "smallest request, bytes"},
    Parameter{"max", "1040", "largest request, bytes"},
    kSeed,
    kThreads,
    kTouchStamp,
};
constexpr std::array kMidParameters{
    Parameter{"iterations", "500000", "replacements per thread"},
    Parameter{"live", "256", "working set, blocks per thread"},
    Parameter{"min", "8192", "smallest request, bytes"},
    Parameter{"max", "32768", "largest request, bytes"},
    kSeed,
    kThreads,
    kTouchStamp,
};
constexpr std::array kLargeParameters{
    Parameter{"iterations", "10000", "replacements per thread"},
    Parameter{"live", "16", "working set, blocks per thread"},
    Parameter{"min", "65536", "smallest request, bytes"},
    Parameter{"max", "4194304", "largest request, bytes"},
    kSeed,
    kThreads,
    Parameter{"touch", "pages", "what is written: stamp, pages or all"},
};
constexpr std::array kModes{
    Mode{"mixed", "random replacement in a working set", kMixedParameters, run_mixed},
    Mode{"mid", "the same with 8-32 KiB", kMidParameters, run_mixed},
    Mode{"large", "the same with 64 KiB-4 MiB", kLargeParameters, run_mixed},
};

}  // namespace

std::span<const Mode> mixed_modes() { return kModes; }

}  // namespace hakmem::bench
