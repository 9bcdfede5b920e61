#include "os/lock.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

namespace hakmem {
namespace {

TEST(Lock, OnlyOneHoldsIt) {
  Lock lock;
  EXPECT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

TEST(Lock, AScopeHoldsItAndGivesItBack) {
  Lock lock;
  {
    const LockScope scope(lock);
    EXPECT_FALSE(lock.try_lock());
  }
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

TEST(Lock, NoUpdateIsLostBetweenThreads) {
  constexpr unsigned kThreads = 4, kEach = 20000;
  Lock lock;
  std::uint64_t counter = 0;  // plain on purpose: the lock alone orders it
  {
    std::barrier start(kThreads);
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        for (unsigned i = 0; i < kEach; ++i) {
          const LockScope scope(lock);
          ++counter;
        }
      });
    }
  }
  EXPECT_EQ(counter, std::uint64_t{kThreads} * kEach);
}

/// The holder yields inside, so that waiters exhaust their spins and sleep.
TEST(Lock, SleepersAreWokenUntilTheLastOne) {
  constexpr unsigned kThreads = 6, kEach = 200;
  Lock lock;
  unsigned inside = 0, most = 0, turns = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (unsigned i = 0; i < kEach; ++i) {
          const LockScope scope(lock);
          most = ++inside > most ? inside : most;
          std::this_thread::yield();
          ++turns;
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(turns, kThreads * kEach);
  EXPECT_EQ(most, 1u);
  EXPECT_TRUE(lock.try_lock());
}

TEST(Lock, TryLockFailsWhileAnotherThreadHoldsIt) {
  Lock lock;
  lock.lock();
  bool got = true;
  std::thread([&] { got = lock.try_lock(); }).join();
  EXPECT_FALSE(got);
  lock.unlock();
}

}  // namespace
}  // namespace hakmem
