#include "api/process.h"

#include <cerrno>
#include <pthread.h>

#include "gate/failure.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

constinit Domain process_domain;
thread_local constinit ThreadState this_thread{process_domain};
constinit Options process_options;

namespace {

std::atomic<std::uint64_t> shared_failures[kFailureReasons];

struct ExitKeyOrders {
  static constexpr std::memory_order kClaim = std::memory_order_acquire;
  static constexpr std::memory_order kPublish = std::memory_order_release;
};

enum class KeyState : std::uint32_t { None, Making, Ready };
std::atomic<KeyState> shared_key_state{KeyState::None};
pthread_key_t exit_key;

void on_thread_exit(void*) {
  ++this_thread.exit_rounds;
  detach_thread(process_domain, this_thread);
}

/// The key whose destructor tells us of thread exits. Made by the first thread, before any other
/// exists, so low that setting it never allocates.
bool ensure_exit_key() noexcept {
  KeyState seen = KeyState::None;
  if (shared_key_state.compare_exchange_strong(seen, KeyState::Making, ExitKeyOrders::kClaim,
                                               ExitKeyOrders::kClaim)) {
    const bool made = pthread_key_create(&exit_key, on_thread_exit) == 0;
    shared_key_state.store(made ? KeyState::Ready : KeyState::None, ExitKeyOrders::kPublish);
    return made;
  }
  while (seen == KeyState::Making) {
    cpu_relax();
    seen = shared_key_state.load(ExitKeyOrders::kClaim);
  }
  return seen == KeyState::Ready;
}

}  // namespace

void ProcessColdRelease::release(WildPtr pointer) noexcept {
  release_slow(process_domain, this_thread, pointer);
}

void ProcessColdRelease::retire(Slab& slab) noexcept {
  retire_empty(process_domain.slabs, *this_thread.heap, slab);
}

void thread_attached(Domain&, ThreadState& thread) noexcept {
  // Without a key (all in use) the heap of an exited thread stays its own: memory, not correctness.
  if (ensure_exit_key()) pthread_setspecific(exit_key, &thread);
}

void* note_failure(FailureReason reason) noexcept {
  shared_failures[static_cast<std::size_t>(reason)].fetch_add(1, CounterOrders::kAny);
  errno = ENOMEM;
  return nullptr;
}

std::uint64_t failures_noted(FailureReason reason) noexcept {
  return shared_failures[static_cast<std::size_t>(reason)].load(CounterOrders::kAny);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
