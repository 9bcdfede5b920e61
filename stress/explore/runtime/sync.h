// Locks, condition variables and futexes as the scheduler sees them. Called by the stand-ins for
// pthread functions (interpose_*.cc) and by subjects that bring an operating system of their own.
// Invariant: a thread that cannot go on is not runnable; what it waits for is an address.
#pragma once

#include <cstdint>

namespace explore {

/// Every lock is free, nobody waits: a new schedule begins.
void sync_reset() noexcept;

/// Locks; a `recursive` lock may be taken again by its owner, any other is then a finding.
void lock_mutex(const void* mutex, bool recursive, const void* pc);
bool try_lock_mutex(const void* mutex, bool recursive, const void* pc);
void unlock_mutex(const void* mutex, const void* pc);

/// A lock for one writer or many readers. A reader knows what earlier writers did, not what earlier
/// readers did. `try_`: false instead of sleeping.
void lock_shared(const void* lock, bool exclusive, const void* pc);
bool try_lock_shared(const void* lock, bool exclusive, const void* pc);
void unlock_shared(const void* lock, const void* pc);

/// pthread_once: true when the caller must run the function and call end_once() after it. False:
/// somebody has, and the caller knows what it did.
bool begin_once(const void* once, const void* pc);
void end_once(const void* once, const void* pc);

/// Unlocks, sleeps until a signal, locks. With `may_time_out` the schedule decides whether it came
/// in time; false: it did not.
bool wait_condition(const void* condition, const void* mutex, bool may_time_out, const void* pc);
void signal_condition(const void* condition, bool all, const void* pc);

/// The destructors of the running thread's specific values, as at a thread's end. Defined beside
/// the stand-ins of pthread_setspecific.
void run_key_destructors();

/// FUTEX_WAIT: sleeps if the word is still `expected`. False: it was not.
bool futex_wait(const std::uint32_t* word, std::uint32_t expected, const void* pc);
/// FUTEX_WAKE: returns how many were woken.
int futex_wake(const std::uint32_t* word, int count, const void* pc);

}  // namespace explore
