// A statistics counter with one writer and any readers: no lock prefix, no data race.
// Called off the fast paths. Invariant: only its owner adds; readers may be late, never torn.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/compiler.h"

namespace hakmem {

struct CounterOrders {
  static constexpr std::memory_order kAny = std::memory_order_relaxed;
};

class Counter {
 public:
  HAK_INLINE void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(CounterOrders::kAny) + n, CounterOrders::kAny);
  }
  std::uint64_t read() const noexcept { return value_.load(CounterOrders::kAny); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace hakmem
