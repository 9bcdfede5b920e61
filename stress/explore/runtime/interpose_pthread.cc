// Stand-ins for the C library's threads, locks, condition variables, futexes, clocks and waits.
// Called by the subject, also through the C++ library (std::thread, std::mutex, atomic wait). On a
// fiber they are the scheduler's, elsewhere the C library's.
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "explore/runtime/interpose.h"
#include "explore/runtime/sync.h"

namespace {

using explore::g_engaged;
using explore::g_engine;

bool is_recursive(const pthread_mutex_t* mutex) noexcept {
  constexpr int kKindMask = 3;
  return (mutex->__data.__kind & kKindMask) == PTHREAD_MUTEX_RECURSIVE_NP;
}

std::uint64_t ms_of(const timespec& time) noexcept {
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000000;
}

}  // namespace

extern "C" {

// The C library sees one thread, whose fibers take turns; the subject is to see threads.
char __libc_single_threaded = 0;

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                   void* argument) {
  if (!g_engaged) return EXPLORE_REAL(pthread_create)(thread, attributes, function, argument);
  // The identity is known before the thread runs for the first time, as with a real one.
  *thread = g_engine.next_thread_pointer();
  g_engine.start_thread({function, nullptr, argument}, EXPLORE_PC);
  return 0;
}

int pthread_join(pthread_t thread, void** result) {
  if (!g_engaged) return EXPLORE_REAL(pthread_join)(thread, result);
  const int number = g_engine.thread_of(thread);
  if (number < 0) return ESRCH;
  void* const value = g_engine.join_thread(number, EXPLORE_PC);
  if (result != nullptr) *result = value;
  return 0;
}

int pthread_detach(pthread_t thread) {
  if (!g_engaged) return EXPLORE_REAL(pthread_detach)(thread);
  return 0;
}

void pthread_exit(void* result) {
  if (g_engaged) g_engine.exit_thread(result);
  EXPLORE_REAL(pthread_exit)(result);
  std::abort();
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_mutex_lock)(mutex);
  explore::lock_mutex(mutex, is_recursive(mutex), EXPLORE_PC);
  return 0;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_mutex_trylock)(mutex);
  return explore::try_lock_mutex(mutex, is_recursive(mutex), EXPLORE_PC) ? 0 : EBUSY;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_mutex_unlock)(mutex);
  explore::unlock_mutex(mutex, EXPLORE_PC);
  return 0;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (!g_engaged) return EXPLORE_REAL(pthread_cond_wait)(condition, mutex);
  explore::wait_condition(condition, mutex, false, EXPLORE_PC);
  return 0;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  if (!g_engaged) return EXPLORE_REAL(pthread_cond_timedwait)(condition, mutex, until);
  return explore::wait_condition(condition, mutex, true, EXPLORE_PC) ? 0 : ETIMEDOUT;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  if (!g_engaged) return EXPLORE_REAL(pthread_cond_clockwait)(condition, mutex, clock, until);
  return explore::wait_condition(condition, mutex, true, EXPLORE_PC) ? 0 : ETIMEDOUT;
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_cond_signal)(condition);
  explore::signal_condition(condition, false, EXPLORE_PC);
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (!g_engaged) return EXPLORE_REAL(pthread_cond_broadcast)(condition);
  explore::signal_condition(condition, true, EXPLORE_PC);
  return 0;
}

int sched_yield() noexcept {
  if (!g_engaged) return EXPLORE_REAL(sched_yield)();
  g_engine.yield();
  return 0;
}

// The names stand in parentheses because these are the waits' definitions, not waits.
int (nanosleep)(const timespec* time, timespec* left) {
  if (!g_engaged) return EXPLORE_REAL(nanosleep)(time, left);
  g_engine.skip_ms(ms_of(*time));
  g_engine.yield();
  return 0;
}

int (clock_nanosleep)(clockid_t clock, int flags, const timespec* time, timespec* left) {
  if (!g_engaged) return EXPLORE_REAL(clock_nanosleep)(clock, flags, time, left);
  if (flags == 0) g_engine.skip_ms(ms_of(*time));
  g_engine.yield();
  return 0;
}

int (usleep)(useconds_t microseconds) {
  if (!g_engaged) return EXPLORE_REAL(usleep)(microseconds);
  g_engine.skip_ms(microseconds / 1000);
  g_engine.yield();
  return 0;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (!g_engaged) return EXPLORE_REAL(clock_gettime)(clock, time);
  const std::uint64_t ms = g_engine.virtual_ms();
  *time = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  return 0;
}

int __cxa_thread_atexit(void (*function)(void*), void* object, void* library) noexcept;
int __cxa_thread_atexit(void (*function)(void*), void* object, void* library) noexcept {
  if (!g_engaged) return EXPLORE_REAL(__cxa_thread_atexit)(function, object, library);
  g_engine.at_thread_exit(function, object);
  return 0;
}

long syscall(long number, ...) noexcept {
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (long& argument : a) argument = va_arg(arguments, long);
  va_end(arguments);
  if (g_engaged && number == SYS_futex) {
    const auto* const word = reinterpret_cast<const std::uint32_t*>(a[0]);
    const long operation = a[1] & FUTEX_CMD_MASK;
    if (operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET) {
      return explore::futex_wake(word, static_cast<int>(a[2]), EXPLORE_PC);
    }
    if (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET) {
      if (explore::futex_wait(word, static_cast<std::uint32_t>(a[2]), EXPLORE_PC)) return 0;
      errno = EAGAIN;
      return -1;
    }
  }
  long result;
  register long r10 asm("r10") = a[3];
  register long r8 asm("r8") = a[4];
  register long r9 asm("r9") = a[5];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  constexpr long kErrnoMax = 4095;
  if (result >= 0 || result < -kErrnoMax) return result;
  errno = static_cast<int>(-result);
  return -1;
}

void abort() noexcept {
  if (g_engaged) g_engine.fail("abort", "abort() was called");
  EXPLORE_REAL(abort)();
  __builtin_trap();
}

}  // extern "C"
