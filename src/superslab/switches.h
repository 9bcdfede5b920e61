// Parts of the allocator that can be switched off at run time, at levels 1 to 4, to find out which
// one a failure needs. Set once by api/ while there is one thread; asked on slow paths alone: what
// is off keeps its bins empty, so that the fast paths are as they are and always miss.
// At level 0 every answer is a constant.
#pragma once

#include <type_traits>

#include "base/build_config.h"
#include "base/units.h"
#include "os/lock.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr bool kSwitchable = kBuildChecks.any();

/// Held over every slow operation while frees by other threads go to the slab itself. May be taken
/// again by who holds it: operations nest.
class DirectLock {
 public:
  /// `thread` names the caller: the address of its state.
  void lock(Address thread) noexcept {
    if (shared_holder_.load(LockOrders::kPeek) != thread) {
      lock_.lock();
      shared_holder_.store(thread, LockOrders::kPeek);
    }
    ++depth_;
  }
  void unlock() noexcept {
    if (--depth_ != 0) return;
    shared_holder_.store(0, LockOrders::kPeek);
    lock_.unlock();
  }

 private:
  Lock lock_;
  std::atomic<Address> shared_holder_{0};  // only the holder finds itself here
  std::uint32_t depth_ = 0;                // the holder's
};

struct Switches {
  bool tiny = true;         ///< false: small requests go to the pool tier's classes
  bool pool = true;         ///< false: the pool tier's requests go to the large tier
  bool shared_pool = true;  ///< false: an empty SuperSlab goes back to the system at once
  bool direct = false;      ///< frees by other threads go to the slab, under `direct_lock`
  bool parks = false;       ///< no slab stays active: every allocation takes the slow path
  DirectLock direct_lock;
};
struct NoSwitches {
  static constexpr bool tiny = true, pool = true, shared_pool = true, direct = false, parks = false;
};
using SlabSwitches = std::conditional_t<kSwitchable, Switches, NoSwitches>;

/// Before every other lock, around fork(); the name is no thread's.
inline void lock_for_fork(Switches& switches) noexcept {
  if (switches.direct) switches.direct_lock.lock(reinterpret_cast<Address>(&switches));
}
inline void unlock_after_fork(Switches& switches) noexcept {
  if (switches.direct) switches.direct_lock.unlock();
}
inline void lock_for_fork(NoSwitches&) noexcept {}
inline void unlock_after_fork(NoSwitches&) noexcept {}

/// Holds the lock of direct frees for a scope, if they are on.
template <class SwitchesT>
class DirectScope {
 public:
  template <class ThreadT>
  DirectScope(SwitchesT& switches, const ThreadT& thread) noexcept : switches_(switches) {
    if (switches_.direct) switches_.direct_lock.lock(reinterpret_cast<Address>(&thread));
  }
  ~DirectScope() noexcept {
    if (switches_.direct) switches_.direct_lock.unlock();
  }
  DirectScope(const DirectScope&) = delete;
  DirectScope& operator=(const DirectScope&) = delete;

 private:
  SwitchesT& switches_;
};
template <>
class DirectScope<NoSwitches> {
 public:
  template <class ThreadT>
  DirectScope(NoSwitches&, const ThreadT&) noexcept {}
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
