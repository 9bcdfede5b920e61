#include "explore/runtime/sync.h"

#include "explore/runtime/engine.h"

namespace explore {

namespace {

struct Mutex {
  const void* address = nullptr;
  std::uint32_t generation = 0;
  int owner = -1;
  unsigned depth = 0;
  unsigned readers = 0;      ///< threads that hold it shared
  bool is_done = false;      ///< a once: its function has returned
  Knowledge released;
  Knowledge read_released;   ///< by readers, for the next writer
};

constexpr std::size_t kMutexesMax = 256;  // a power of two
Mutex g_mutexes[kMutexesMax];
std::size_t g_mutexes_used = 0;
std::uint32_t g_generation = 1;

Mutex& find(const void* address) {
  std::size_t i = reinterpret_cast<std::uintptr_t>(address) >> 3;
  for (;; ++i) {
    Mutex& mutex = g_mutexes[i % kMutexesMax];
    if (mutex.generation == g_generation && mutex.address == address) return mutex;
    if (mutex.generation == g_generation) continue;
    if (++g_mutexes_used == kMutexesMax) g_engine.fail("too-large", "too many locks are used");
    mutex = Mutex();
    mutex.address = address;
    mutex.generation = g_generation;
    return mutex;
  }
}

Address number(const void* pointer) noexcept { return reinterpret_cast<Address>(pointer); }

/// Takes the lock or sleeps until it can; not a schedule point by itself.
void take(Mutex& mutex, const void* pc) {
  while (mutex.owner >= 0) g_engine.block_on(mutex.address);
  mutex.owner = g_engine.self();
  mutex.depth = 1;
  g_engine.acquire_from(mutex.released);
  g_engine.note(EventKind::Lock, number(mutex.address), 0, pc);
}

void give(Mutex& mutex, const void* pc) {
  mutex.owner = -1;
  g_engine.release_to(mutex.released);
  g_engine.note(EventKind::Unlock, number(mutex.address), 0, pc);
  g_engine.wake(mutex.address, kThreadsMax);
}

}  // namespace

void sync_reset() noexcept {
  ++g_generation;
  g_mutexes_used = 0;
}

void lock_mutex(const void* address, bool recursive, const void* pc) {
  g_engine.begin_operation();
  Mutex& mutex = find(address);
  if (mutex.owner == g_engine.self()) {
    if (!recursive) g_engine.fail("self-deadlock", "a thread locks what it holds already");
    ++mutex.depth;
    return;
  }
  take(mutex, pc);
}

bool try_lock_mutex(const void* address, bool recursive, const void* pc) {
  g_engine.begin_operation();
  Mutex& mutex = find(address);
  if (mutex.owner == g_engine.self() && recursive) {
    ++mutex.depth;
    return true;
  }
  if (mutex.owner >= 0) return false;
  take(mutex, pc);
  return true;
}

void unlock_mutex(const void* address, const void* pc) {
  g_engine.begin_operation();
  Mutex& mutex = find(address);
  if (mutex.owner != g_engine.self()) {
    g_engine.fail("wrong-unlock", "a thread unlocks what it does not hold");
  }
  if (--mutex.depth == 0) give(mutex, pc);
}

namespace {

void take_shared(Mutex& lock, bool exclusive, const void* pc) {
  g_engine.acquire_from(lock.released);
  if (exclusive) {
    g_engine.acquire_from(lock.read_released);
    lock.owner = g_engine.self();
  } else {
    ++lock.readers;
  }
  g_engine.note(EventKind::Lock, number(lock.address), exclusive ? 1 : 0, pc);
}

bool is_taken(const Mutex& lock, bool exclusive) noexcept {
  return lock.owner >= 0 || (exclusive && lock.readers != 0);
}

}  // namespace

void lock_shared(const void* address, bool exclusive, const void* pc) {
  g_engine.begin_operation();
  Mutex& lock = find(address);
  if (lock.owner == g_engine.self()) {
    g_engine.fail("self-deadlock", "a thread locks what it holds already");
  }
  while (is_taken(lock, exclusive)) g_engine.block_on(address);
  take_shared(lock, exclusive, pc);
}

bool try_lock_shared(const void* address, bool exclusive, const void* pc) {
  g_engine.begin_operation();
  Mutex& lock = find(address);
  if (is_taken(lock, exclusive)) return false;
  take_shared(lock, exclusive, pc);
  return true;
}

void unlock_shared(const void* address, const void* pc) {
  g_engine.begin_operation();
  Mutex& lock = find(address);
  const bool exclusive = lock.owner == g_engine.self();
  if (!exclusive && lock.readers == 0) {
    g_engine.fail("wrong-unlock", "a thread unlocks what nobody holds");
  }
  if (exclusive) {
    lock.owner = -1;
    g_engine.release_to(lock.released);
  } else {
    --lock.readers;
    g_engine.release_to(lock.read_released);
  }
  g_engine.note(EventKind::Unlock, number(address), exclusive ? 1 : 0, pc);
  g_engine.wake(address, kThreadsMax);
}

bool begin_once(const void* address, const void* pc) {
  g_engine.begin_operation();
  Mutex& once = find(address);
  if (once.owner == g_engine.self()) {
    g_engine.fail("self-deadlock", "a function that runs once calls itself");
  }
  while (once.owner >= 0) g_engine.block_on(address);
  if (once.is_done) {
    g_engine.acquire_from(once.released);
    return false;
  }
  once.owner = g_engine.self();
  g_engine.note(EventKind::Lock, number(address), 0, pc);
  return true;
}

void end_once(const void* address, const void* pc) {
  g_engine.begin_operation();
  Mutex& once = find(address);
  once.is_done = true;
  give(once, pc);
}

bool wait_condition(const void* condition, const void* address, bool may_time_out,
                    const void* pc) {
  g_engine.begin_operation();
  Mutex& mutex = find(address);
  if (mutex.owner != g_engine.self()) {
    g_engine.fail("wrong-wait", "a thread waits without holding the lock");
  }
  const bool in_time = !may_time_out || g_engine.choose(2) == 0;
  const unsigned depth = mutex.depth;
  g_engine.note(EventKind::Wait, number(condition), 0, pc);
  give(mutex, pc);
  if (in_time) {
    g_engine.block_on(condition);
  } else {
    g_engine.yield();
  }
  take(mutex, pc);
  mutex.depth = depth;
  return in_time;
}

void signal_condition(const void* condition, bool all, const void* pc) {
  g_engine.begin_operation();
  const int woken = g_engine.wake(condition, all ? kThreadsMax : 1);
  g_engine.note(EventKind::Wake, number(condition), static_cast<std::uint64_t>(woken), pc);
}

bool futex_wait(const std::uint32_t* word, std::uint32_t expected, const void* pc) {
  g_engine.begin_operation();
  // The kernel compares with what memory holds: the newest store.
  if (*static_cast<const volatile std::uint32_t*>(word) != expected) return false;
  g_engine.note(EventKind::Wait, number(word), expected, pc);
  g_engine.block_on(word);
  return true;
}

int futex_wake(const std::uint32_t* word, int count, const void* pc) {
  g_engine.begin_operation();
  const int woken = g_engine.wake(word, count < kThreadsMax ? count : kThreadsMax);
  g_engine.note(EventKind::Wake, number(word), static_cast<std::uint64_t>(woken), pc);
  return woken;
}

}  // namespace explore
