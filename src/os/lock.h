// A mutual-exclusion lock of four bytes: no libc, valid when zero, survives fork.
// Called by every structure that threads share. Algorithm: the three-state futex mutex of
// U. Drepper, "Futexes Are Tricky" (2011), mutex 2, after a short spin.
//
// PROTOCOL lock
//   states: 0 free, 1 held, 2 held and somebody may sleep.
//   owner: whoever moved the word from 0; only the owner moves it back to 0.
//   publishes: everything written under the lock, by release on unlock and acquire on lock.
//   breaks it: unlocking without owning; sleeping without having stored 2.
#pragma once

#include <atomic>

#include "base/compiler.h"
#include "os/os.h"

namespace hakmem {

struct LockOrders {
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kTakeFailed = std::memory_order_relaxed;
  static constexpr std::memory_order kGive = std::memory_order_release;
  static constexpr std::memory_order kPeek = std::memory_order_relaxed;
};

class Lock {
 public:
  constexpr Lock() noexcept = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  HAK_INLINE void lock() noexcept {
    if (!try_lock()) lock_slow();
  }

  HAK_INLINE bool try_lock() noexcept {
    std::uint32_t expected = kFree;
    return shared_word_.compare_exchange_strong(expected, kHeld, LockOrders::kTake,
                                                LockOrders::kTakeFailed);
  }

  /// Gives up after a while: for a signal handler, whose own thread may be the holder.
  HAK_COLD bool try_lock_for_a_while() noexcept {
    constexpr int kTriesMax = 100000;
    for (int i = 0; i < kTriesMax; ++i) {
      if (try_lock()) return true;
      cpu_relax();
    }
    return false;
  }

  HAK_INLINE void unlock() noexcept {
    if (shared_word_.exchange(kFree, LockOrders::kGive) == kContended) {
      os::wake_one(futex_word());
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;
  static constexpr int kSpinsMax = 100;

  HAK_COLD void lock_slow() noexcept {
    for (int i = 0; i < kSpinsMax; ++i) {
      if (shared_word_.load(LockOrders::kPeek) == kFree && try_lock()) return;
      cpu_relax();
    }
    while (shared_word_.exchange(kContended, LockOrders::kTake) != kFree) {
      os::wait_on(futex_word(), kContended);
    }
  }

  const std::uint32_t* futex_word() const noexcept {
    return reinterpret_cast<const std::uint32_t*>(&shared_word_);
  }

  std::atomic<std::uint32_t> shared_word_{kFree};
};

/// Holds a lock for a scope.
class LockScope {
 public:
  explicit HAK_INLINE LockScope(Lock& lock) noexcept : lock_(lock) { lock_.lock(); }
  HAK_INLINE ~LockScope() noexcept { lock_.unlock(); }
  LockScope(const LockScope&) = delete;
  LockScope& operator=(const LockScope&) = delete;

 private:
  Lock& lock_;
};

}  // namespace hakmem
