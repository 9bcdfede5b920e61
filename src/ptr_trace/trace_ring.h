// The pointer trace: a ring of events for each heap, which its thread alone writes. Rings are never
// freed, valid when zero, and all on one list, so that a report can read them while other threads
// go on. Called by the gates and hooks of level 4 through trace().
//
// PROTOCOL trace ring
//   state: `shared_written` events ever; event i lies in slot i mod capacity.
//   owner: the thread of the heap that the ring belongs to, between two TraceScopes; it alone
//     writes slots and the count.
//   publishes: a slot's words by the release of the count that follows them; that an event's life
//     is over, by a release fence between a count and the words that come next.
//   read: take the count, copy slots, take the count again; what the writer may have overwritten
//     since (the slot it is at included) is dropped.
//   list: rings are pushed by CAS and never leave.
//   breaks it: two threads writing one ring; counting before the slot's words are stored.
#pragma once

#include <atomic>

#include "base/build_config.h"
#include "base/compiler.h"
#include "ptr_trace/trace_event.h"

namespace hakmem {

struct TraceOrders {
  static constexpr std::memory_order kSlot = std::memory_order_relaxed;
  /// Between a count and the next event's words: who copies one of these sees that count.
  static constexpr std::memory_order kCountFirst = std::memory_order_release;
  static constexpr std::memory_order kCopy = std::memory_order_acquire;  // before the second look
  static constexpr std::memory_order kOwnCount = std::memory_order_relaxed;
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kLook = std::memory_order_acquire;
  static constexpr std::memory_order kPush = std::memory_order_release;
  static constexpr std::memory_order kPushFailed = std::memory_order_relaxed;
};

class alignas(64) TraceRing {
 public:
  /// `capacity` is a power of two; the memory behind the ring holds that many events.
  explicit TraceRing(std::uint64_t capacity) noexcept : capacity_(capacity) {}
  static constexpr std::size_t bytes_for(std::uint64_t capacity) noexcept {
    return sizeof(TraceRing) + capacity * sizeof(TraceEvent);
  }

  /// The owner begins an operation, after so many of the process: its events carry this.
  HAK_INLINE void begin_operation(std::uint32_t thread, std::uint64_t operation,
                                  std::uint64_t now) noexcept {
    now_ = now;
    who_ = TraceEvent::who_of(thread, operation);
  }

  /// Owner only.
  HAK_INLINE void record(TraceKind kind, Address address, std::uint64_t detail) noexcept {
    const std::uint64_t written = shared_written_.load(TraceOrders::kOwnCount);
    Slot& slot = slots()[written & (capacity_ - 1)];
    slot.words[0].store(now_, TraceOrders::kSlot);
    slot.words[1].store(TraceEvent::target_of(kind, address), TraceOrders::kSlot);
    slot.words[2].store(who_, TraceOrders::kSlot);
    slot.words[3].store(detail, TraceOrders::kSlot);
    shared_written_.store(written + 1, TraceOrders::kPublish);
    std::atomic_thread_fence(TraceOrders::kCountFirst);
  }

  /// Events ever written.
  std::uint64_t written() const noexcept { return shared_written_.load(TraceOrders::kLook); }
  std::uint64_t capacity() const noexcept { return capacity_; }

  /// Calls visit(const TraceEvent&) for each event that is still there, oldest first. Any thread.
  template <class Visit>
  void for_each(Visit visit) const noexcept {
    const std::uint64_t end = written();
    TraceEvent event;
    for (std::uint64_t i = oldest(); i < end; ++i) {
      if (read(i, event)) visit(event);
    }
  }

  /// The oldest event that may still be there.
  std::uint64_t oldest() const noexcept {
    const std::uint64_t end = written();
    return end > capacity_ ? end - capacity_ : 0;
  }
  /// Event number `i` of those ever written; false when it is not there any more.
  bool read(std::uint64_t i, TraceEvent& event) const noexcept {
    event = copy_of(slots()[i & (capacity_ - 1)]);
    return i + capacity_ > written();
  }

  TraceRing* next() const noexcept { return next_; }

 private:
  friend class TraceRings;
  struct Slot {
    std::atomic<std::uint64_t> words[4];
  };
  static_assert(sizeof(Slot) == sizeof(TraceEvent));

  static TraceEvent copy_of(const Slot& slot) noexcept {
    return {slot.words[0].load(TraceOrders::kCopy), slot.words[1].load(TraceOrders::kCopy),
            slot.words[2].load(TraceOrders::kCopy), slot.words[3].load(TraceOrders::kCopy)};
  }
  Slot* slots() noexcept { return reinterpret_cast<Slot*>(this + 1); }
  const Slot* slots() const noexcept { return reinterpret_cast<const Slot*>(this + 1); }

  std::uint64_t capacity_;
  TraceRing* next_ = nullptr;  // set before it is pushed
  std::atomic<std::uint64_t> shared_written_{0};
  std::uint64_t now_ = 0;      // owner only
  std::uint64_t who_ = 0;      // owner only
};
static_assert(sizeof(TraceRing) == 64);

/// All rings of an instance.
class TraceRings {
 public:
  constexpr TraceRings() noexcept = default;
  TraceRings(const TraceRings&) = delete;
  TraceRings& operator=(const TraceRings&) = delete;

  /// Events that each ring made from now on keeps, a power of two; 0: no rings are made.
  void set_capacity(std::uint64_t events) noexcept { capacity_ = events; }

  /// A new ring, on the list; null when there are to be none, or the system refuses memory.
  TraceRing* add() noexcept;

  /// True for addresses of a ring, which name blocks and point to none.
  bool holds(Address address) const noexcept {
    for (const TraceRing* ring = newest(); ring != nullptr; ring = ring->next()) {
      const std::size_t bytes = TraceRing::bytes_for(ring->capacity());
      if (address - reinterpret_cast<Address>(ring) < bytes) return true;
    }
    return false;
  }
  /// The ring that was added last; the others by next().
  const TraceRing* newest() const noexcept { return shared_newest_.load(TraceOrders::kLook); }

 private:
  static constexpr std::uint64_t kCapacityUnlessTold = 2048;
  std::uint64_t capacity_ = kCapacityUnlessTold;
  std::atomic<TraceRing*> shared_newest_{nullptr};
};

/// The ring that this thread's steps go to, while a TraceScope is open; else null.
extern HAK_TLS_INITIAL_EXEC constinit thread_local TraceRing* current_trace_ring;

/// Sends this thread's steps to a ring (null: nowhere) as long as it lives.
class TraceScope {
 public:
  explicit TraceScope(TraceRing* ring) noexcept : outer_(current_trace_ring) {
    current_trace_ring = ring;
  }
  ~TraceScope() noexcept { current_trace_ring = outer_; }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  TraceRing* outer_;
};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr bool kTraced = kBuildChecks.has(Check::kPtrTrace);

/// Ends what an open TraceScope began: its ring is somebody else's from now on.
HAK_INLINE void stop_trace() noexcept {
  if constexpr (kTraced) current_trace_ring = nullptr;
}

/// Records a step of this thread; nothing at all below level 4.
HAK_INLINE void trace([[maybe_unused]] TraceKind kind, [[maybe_unused]] Address address,
                      [[maybe_unused]] std::uint64_t detail) noexcept {
  if constexpr (kTraced) {
    if (TraceRing* const ring = current_trace_ring) ring->record(kind, address, detail);
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
