// Threads as `hakmem record` sees them: a number from before pthread_create until after the last
// destructor of a thread's data that we can be behind.
#include <dlfcn.h>
#include <pthread.h>

#include <climits>

#include "property_tests/ops/recorder/record_log.h"

namespace {

using namespace hakmem::ops;

struct Start {
  void* (*body)(void*);
  void* argument;
};
/// What a thread of each number begins with; written before it is made, read by it first.
constinit Start starts[kThreadMax] = {};

pthread_key_t exit_key;
pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;

/// Other destructors may still free: waits for the last round of them.
void on_exit_round(void* round) noexcept {
  const auto number = reinterpret_cast<std::uintptr_t>(round);
  if (number < PTHREAD_DESTRUCTOR_ITERATIONS) {
    pthread_setspecific(exit_key, reinterpret_cast<void*>(number + 1));
  } else {
    record::thread_ended();
  }
}

void make_exit_key() noexcept { pthread_key_create(&exit_key, on_exit_round); }

void* recorded_body(void* number) noexcept(false) {
  const auto index = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  const Start start = starts[index];
  record::thread_is(index);
  pthread_setspecific(exit_key, reinterpret_cast<void*>(std::uintptr_t{1}));
  return start.body(start.argument);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_create(
    pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
    void* argument) noexcept {
  static auto* const next =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  pthread_once(&exit_key_once, make_exit_key);
  const std::uint32_t number = record::thread_starting();
  if (number == 0) return next(thread, attributes, body, argument);
  starts[number] = {body, argument};
  const int error = next(thread, attributes, recorded_body,
                         reinterpret_cast<void*>(std::uintptr_t{number}));
  if (error != 0) record::thread_failed(number);
  return error;
}
