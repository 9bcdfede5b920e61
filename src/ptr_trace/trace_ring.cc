#include "ptr_trace/trace_ring.h"

#include <new>

#include "os/os.h"

namespace hakmem {

HAK_TLS_INITIAL_EXEC constinit thread_local TraceRing* current_trace_ring = nullptr;

TraceRing* TraceRings::add() noexcept {
  if (capacity_ == 0) return nullptr;
  const std::size_t bytes = round_up(TraceRing::bytes_for(capacity_), kPageBytes);
  std::byte* const memory = os::map(bytes, os::Access::ReadWrite);
  if (memory == nullptr) return nullptr;
  TraceRing* const ring = ::new (memory) TraceRing(capacity_);
  ring->next_ = shared_newest_.load(TraceOrders::kPushFailed);
  while (!shared_newest_.compare_exchange_weak(ring->next_, ring, TraceOrders::kPush,
                                               TraceOrders::kPushFailed)) {
  }
  return ring;
}

}  // namespace hakmem
