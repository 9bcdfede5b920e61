// Litmus programs of locks for many readers, of functions that run once, and of values that end
// with their thread; compiled with -fsanitize=thread.
#include <pthread.h>

#include <mutex>
#include <optional>
#include <shared_mutex>

#include "explore/litmus/litmus.h"

namespace litmus {

namespace {

int first, second;
std::shared_mutex shared_mutex;
std::optional<std::once_flag> once;
pthread_key_t key;

void reset() {
  first = second = 0;
  once.emplace();
  for (int& value : g_register) value = 0;
}

void write_both(void*) {
  const std::unique_lock lock(shared_mutex);
  ++first;
  ++second;
}
void read_left(void*) {
  const std::shared_lock lock(shared_mutex);
  g_register[0] = first;
  g_register[1] = second;
}
void read_right(void*) {
  const std::shared_lock lock(shared_mutex);
  g_register[2] = first;
  g_register[3] = second;
}
/// A reader that writes: another reader may be there too.
void write_as_reader(void*) {
  const std::shared_lock lock(shared_mutex);
  ++first;
}
void try_to_write(void*) {
  if (!shared_mutex.try_lock()) return;
  g_register[0] = first;
  shared_mutex.unlock();
}
void lock_shared_and_wait(void*) {
  shared_mutex.lock_shared();
  shared_mutex.lock();  // its own share is in the way
}
void read_sum() { g_register[0] = first + second; }

void count_once() { ++first; }
void call_once_left(void*) {
  std::call_once(*once, count_once);
  g_register[0] = first;
}
void call_once_right(void*) {
  std::call_once(*once, count_once);
  g_register[1] = first;
}

void end_value(void* value) { ++*static_cast<int*>(value); }
void reset_key() {
  reset();
  first = pthread_key_create(&key, end_value);  // 0; it ends with the schedule
}
void set_left(void*) {
  pthread_setspecific(key, &first);
  g_register[0] = pthread_getspecific(key) == &first ? 1 : 0;
}
void set_right(void*) {
  g_register[1] = pthread_getspecific(key) == nullptr ? 1 : 0;
  pthread_setspecific(key, &second);
}
void read_ended() {
  g_register[2] = first;
  g_register[3] = second;
}

}  // namespace

const std::vector<Case>& lock_cases() {
  static const std::vector<Case> kCases = {
      {"RwLock.writers", reset, {write_both, write_both}, 1, {"4"}, "", nullptr, read_sum},
      {"RwLock.readers", reset, {write_both, read_left, read_right}, 4,
       {"0000", "0011", "1100", "1111"}, ""},
      {"RwLock.reader_writes", reset, {write_as_reader, write_as_reader}, 1, {}, "", "race"},
      {"RwLock.try", reset, {write_both, try_to_write}, 1, {"0", "1"}, ""},
      {"RwLock.upgrade", reset, {lock_shared_and_wait}, 0, {}, "", "deadlock"},
      {"Once", reset, {call_once_left, call_once_right}, 2, {"11"}, ""},
      {"Key.destructors", reset_key, {set_left, set_right}, 4, {"1111"}, "", nullptr, read_ended},
  };
  return kCases;
}

}  // namespace litmus
