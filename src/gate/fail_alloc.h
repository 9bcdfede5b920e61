// Allocations that fail on purpose, so that a program's handling of NULL and std::bad_alloc can be
// tested: the n-th, every n-th, or some with a probability that a seed makes repeatable. Asked once
// for each block that the program wants, by the gates of levels 1 to 4.
// Invariant: which numbers fail depends on the options alone; which allocation has which number
// depends on the schedule in a program with threads.
#pragma once

#include <atomic>

#include "base/compiler.h"
#include "base/options.h"

namespace hakmem {

struct FailureOrders {
  static constexpr std::memory_order kAny = std::memory_order_relaxed;
};

class FailurePlan {
 public:
  /// Takes the options; `seed` stands for a fail_alloc_seed of 0. While there is one thread.
  void configure(const Options& options, std::uint64_t seed) noexcept {
    nth_ = options.fail_alloc;
    every_ = options.fail_alloc_every;
    per_million_ = options.fail_alloc_ppm;
    seed_ = options.fail_alloc_seed != 0 ? options.fail_alloc_seed : seed;
    on_ = nth_ != 0 || every_ != 0 || per_million_ != 0;
  }

  bool on() const noexcept { return on_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t asked() const noexcept { return shared_asked_.load(FailureOrders::kAny); }
  std::uint64_t failed() const noexcept { return shared_failed_.load(FailureOrders::kAny); }

  /// Counts an allocation; true when it must fail.
  HAK_INLINE bool due() noexcept { return on_ && decide(); }

 private:
  static constexpr std::uint64_t kMillion = 1000000;

  /// A number that looks drawn, the same for the same seed and number: splitmix64, as S. Vigna has
  /// published it.
  static std::uint64_t draw(std::uint64_t seed, std::uint64_t number) noexcept {
    std::uint64_t z = seed + number * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  HAK_COLD bool decide() noexcept {
    const std::uint64_t number = shared_asked_.fetch_add(1, FailureOrders::kAny) + 1;
    const bool fails = number == nth_ || (every_ != 0 && number % every_ == 0) ||
                       draw(seed_, number) % kMillion < per_million_;
    if (fails) shared_failed_.fetch_add(1, FailureOrders::kAny);
    return fails;
  }

  bool on_ = false;
  std::uint64_t nth_ = 0, every_ = 0, per_million_ = 0, seed_ = 0;
  std::atomic<std::uint64_t> shared_asked_{0}, shared_failed_{0};
};

/// Level 0 has none.
struct NoFailurePlan {
  static constexpr bool due() noexcept { return false; }
};

}  // namespace hakmem
