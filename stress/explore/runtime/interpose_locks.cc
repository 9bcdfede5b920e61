// Stand-ins for the C library's reader-writer locks (std::shared_mutex), pthread_once
// (std::call_once) and thread-specific values with their destructors. Called by the subject. On a
// fiber they are the scheduler's, elsewhere the C library's.
#include <errno.h>
#include <limits.h>
#include <pthread.h>

#include "explore/runtime/interpose.h"
#include "explore/runtime/sync.h"

namespace {

using explore::g_engaged;
using explore::g_engine;

constexpr unsigned kKeysMax = 128;
/// Numbers of keys made on fibers begin here; the C library's are below.
constexpr pthread_key_t kFirstOwn = 1u << 16;

struct Key {
  void (*destructor)(void*) = nullptr;
  pthread_key_t number = 0;
  std::uint64_t schedule = 0;  ///< it lives in this one only; 0: made by the host, in all
  bool is_used = false;
};

struct Value {
  void* value = nullptr;
  std::uint64_t schedule = 0;  ///< in which it was set
};

Key g_keys[kKeysMax];
Value g_values[explore::kThreadsMax][kKeysMax];

bool lives(const Key& key) noexcept {
  return key.is_used && (key.schedule == 0 || key.schedule == g_engine.schedule_number());
}

/// Index of the key with that number, or kKeysMax.
unsigned find(pthread_key_t number) noexcept {
  for (unsigned i = 0; i < kKeysMax; ++i) {
    if (lives(g_keys[i]) && g_keys[i].number == number) return i;
  }
  return kKeysMax;
}

unsigned free_key() noexcept {
  for (unsigned i = 0; i < kKeysMax; ++i) {
    if (!lives(g_keys[i])) return i;
  }
  return kKeysMax;
}

Value& value_of(unsigned key) noexcept {
  Value& value = g_values[g_engine.self()][key];
  if (value.schedule != g_engine.schedule_number()) value = {nullptr, g_engine.schedule_number()};
  return value;
}

}  // namespace

namespace explore {

void run_key_destructors() {
  for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
    bool any = false;
    for (unsigned i = 0; i < kKeysMax; ++i) {
      if (!lives(g_keys[i]) || g_keys[i].destructor == nullptr) continue;
      void* const old = value_of(i).value;
      if (old == nullptr) continue;
      value_of(i).value = nullptr;
      g_keys[i].destructor(old);
      any = true;
    }
    if (!any) return;
  }
}

}  // namespace explore

extern "C" {

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_rwlock_rdlock)(lock);
  explore::lock_shared(lock, false, EXPLORE_PC);
  return 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_rwlock_wrlock)(lock);
  explore::lock_shared(lock, true, EXPLORE_PC);
  return 0;
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_rwlock_tryrdlock)(lock);
  return explore::try_lock_shared(lock, false, EXPLORE_PC) ? 0 : EBUSY;
}

int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_rwlock_trywrlock)(lock);
  return explore::try_lock_shared(lock, true, EXPLORE_PC) ? 0 : EBUSY;
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_rwlock_unlock)(lock);
  explore::unlock_shared(lock, EXPLORE_PC);
  return 0;
}

int pthread_once(pthread_once_t* once, void (*function)()) {
  if (!g_engaged) return EXPLORE_REAL(pthread_once)(once, function);
  constexpr int kDone = 2;  // the C library's mark: it ran before the schedules began
  if (*once == kDone) return 0;
  if (explore::begin_once(once, EXPLORE_PC)) {
    function();
    explore::end_once(once, EXPLORE_PC);
  }
  return 0;
}

int pthread_key_create(pthread_key_t* number, void (*destructor)(void*)) noexcept {
  const unsigned i = free_key();
  if (!g_engaged) {
    const int error = EXPLORE_REAL(pthread_key_create)(number, destructor);
    if (error == 0 && i != kKeysMax) g_keys[i] = {destructor, *number, 0, true};
    return error;
  }
  if (i == kKeysMax) return EAGAIN;
  g_keys[i] = {destructor, kFirstOwn + i, g_engine.schedule_number(), true};
  for (auto& values : g_values) values[i] = Value();
  *number = g_keys[i].number;
  return 0;
}

int pthread_key_delete(pthread_key_t number) noexcept {
  const unsigned i = find(number);
  if (i != kKeysMax) g_keys[i].is_used = false;
  if (!g_engaged) return EXPLORE_REAL(pthread_key_delete)(number);
  return i != kKeysMax ? 0 : EINVAL;
}

int pthread_setspecific(pthread_key_t number, const void* pointer) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_setspecific)(number, pointer);
  const unsigned i = find(number);
  if (i == kKeysMax) return EINVAL;
  value_of(i).value = const_cast<void*>(pointer);
  return 0;
}

void* pthread_getspecific(pthread_key_t number) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_getspecific)(number);
  const unsigned i = find(number);
  return i == kKeysMax ? nullptr : value_of(i).value;
}

}  // extern "C"
