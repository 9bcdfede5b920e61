// The process's memory over time: a fixed number of samples whose distance, in operations, doubles
// when there is no room left. Fed by gate/memory_sample.cc at level 4, copied by the report.
// Invariant: samples ascend in time, and every second one is dropped when they are thinned out, so
// they are spread over the whole run.
//
// PROTOCOL memory timeline
//   One lock guards the samples. It is only ever tried, but for fork(): who finds it taken takes
//   no sample, and a report draws none. So a thread that reports while it holds the lock, or any
//   other, goes on. The mask alone is read without it; an old value costs or saves one sample.
//   Breaks it: waiting for the lock; reading samples without it.
#pragma once

#include "os/lock.h"

namespace hakmem {

/// The memory at one moment, bytes.
struct MemorySample {
  std::uint64_t ms = 0;           ///< since the first use of the allocator
  std::uint64_t live_bytes = 0;   ///< requested and not freed
  std::uint64_t mapped_bytes = 0;  ///< taken from the system for blocks
  std::uint64_t quarantined_bytes = 0;  ///< freed and resting
};

class MemoryTimeline {
 public:
  static constexpr std::uint32_t kSamplesMax = 256;

  /// Time is counted from `now_ms` on.
  void begin(std::uint64_t now_ms) noexcept { begin_ms_ = now_ms; }
  std::uint64_t begin_ms() const noexcept { return begin_ms_; }

  /// True for the operation numbers, counted from 1, at which a sample is due.
  HAK_INLINE bool wants(std::uint64_t operation) const noexcept {
    return (operation & shared_mask_.load(TimelineOrders::kMask)) == 0;
  }

  // The lock is held for these two.
  /// Adds a sample no older than the last one.
  void add(const MemorySample& sample) noexcept {
    if (count_ == kSamplesMax) thin_out();
    samples_[count_++] = sample;
  }
  /// Copies all samples, the oldest first, into room for kSamplesMax; returns their number.
  std::uint32_t copy_to(MemorySample* out) const noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) out[i] = samples_[i];
    return count_;
  }

  Lock& lock() noexcept { return lock_; }

 private:
  struct TimelineOrders {
    static constexpr std::memory_order kMask = std::memory_order_relaxed;
  };

  void thin_out() noexcept {
    for (std::uint32_t i = 0; i < kSamplesMax / 2; ++i) samples_[i] = samples_[2 * i + 1];
    count_ = kSamplesMax / 2;
    const std::uint64_t mask = shared_mask_.load(TimelineOrders::kMask);
    shared_mask_.store(2 * mask + 1, TimelineOrders::kMask);
  }

  std::atomic<std::uint64_t> shared_mask_{0};  ///< distance of samples in operations, less one
  std::uint64_t begin_ms_ = 0;                 ///< const once there is a second thread
  Lock lock_;
  std::uint32_t count_ = 0;
  MemorySample samples_[kSamplesMax] = {};
};

}  // namespace hakmem
