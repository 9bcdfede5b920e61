// A heap: what one thread owns. The front (one active slab per class), the slabs with room, the
// SuperSlabs they lie in, and the lists on which other threads announce remote frees.
// Called by the tiers' fast paths (active[]) and everything slow in this folder.
// Invariant: a heap outlives its thread. When the thread exits the heap is abandoned with its live
// blocks, and taken over whole by a new thread or merged into another heap (see heap_registry.h).
#pragma once

#include "base/counter.h"
#include "integrity/block_record.h"
#include "integrity/quarantine.h"
#include "integrity/state_canary.h"
#include "learn/learned_age.h"
#include "ptr_trace/caller_cache.h"
#include "ptr_trace/shadow_stack.h"
#include "ptr_trace/trace_ring.h"
#include "superslab/superslab.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Owned: a thread runs on it. Abandoned: its thread is gone, memory remains. Vacant: no memory.
/// Orphaned: its thread vanished in a fork inside an operation; nobody may touch its lists.
enum class HeapState : std::uint8_t { Vacant, Owned, Abandoned, Orphaned };

struct NoQuarantine {};
using HeapQuarantine =
    std::conditional_t<kRecordLayout, Quarantine, NoQuarantine>;

/// The stack ids of callers, at the levels whose stacks are one caller.
struct NoCallers {};
using HeapCallers = std::conditional_t<kRecordLayout && !kBuildChecks.has(Check::kStacks),
                                       CallerCache, NoCallers>;

/// A thread's shadow stack: memory of its own, taken when first wanted.
class HeapShadowStack {
 public:
  /// Null when the system refuses the memory.
  ShadowStack* get() noexcept {
    if (shadow_ == nullptr) {
      shadow_ = reinterpret_cast<ShadowStack*>(
          os::map(round_up(sizeof(ShadowStack), kPageBytes), os::Access::ReadWrite));
    }
    return shadow_;
  }

 private:
  ShadowStack* shadow_ = nullptr;
};
struct NoShadowStack {
  ShadowStack* get() noexcept { return nullptr; }
};
using HeapStacks =
    std::conditional_t<kBuildChecks.has(Check::kStacks), HeapShadowStack, NoShadowStack>;

/// A heap's part of the pointer trace, made when first wanted.
class HeapTrace {
 public:
  /// Null when there is to be none, or the system refuses the memory.
  TraceRing* get(TraceRings& rings) noexcept {
    if (ring_ == nullptr) ring_ = rings.add();
    return ring_;
  }

 private:
  TraceRing* ring_ = nullptr;
};
struct NoHeapTrace {};
using HeapRing = std::conditional_t<kTraced, HeapTrace, NoHeapTrace>;

/// What only an instance with a memory timeline counts; its twin counts nothing.
/// Its operations have numbers, stacks or not.
inline constexpr bool kTimeline = checks_for_level(kIntegrityLevel).has(Check::kStacks);
struct NoCounter {
  constexpr void add(std::uint64_t) noexcept {}
  constexpr std::uint64_t read() const noexcept { return 0; }
};
using TimelineCounter = std::conditional_t<kTimeline, Counter, NoCounter>;

struct HeapStats {
  Counter refills, carves, slabs_acquired, slabs_released, slabs_drained, blocks_drained;
  Counter units_acquired_bytes, units_released_bytes;
  Counter superslabs_acquired, superslabs_released, heaps_adopted, purges;
};

struct Heap {
  /// Every bin starts at the sentinel, whose list is always empty: the first use falls into refill.
  constexpr explicit Heap(Slab& sentinel) noexcept {
    for (Slab*& slab : active) slab = &sentinel;
  }

  [[no_unique_address]] CanaryBefore canary_before;
  // Owner-only. The fast path reads active[c] and nothing else.
  Slab* active[kClassCount];
  OwnerTag tag = OwnerTag::None;
  HeapState state = HeapState::Vacant;   ///< changes under the registry's lock
  bool counts_need_repair = false;       ///< taken over after a fork: see repair_counts()
  std::uint32_t id = 0;
  std::uint32_t single_superslabs = 0;
  SuperSlab* superslabs = nullptr;                      ///< all of them, by next_in_heap
  SuperSlab* available[kSuperSlabKinds] = {};           ///< those with a free unit, by next
  Slab* partial[kClassCount] = {};                      ///< slabs with a free or uncarved block
  std::uint64_t last_purge_ms = 0;
  LearnedAge learned_age;             ///< of the slabs' free pages
  LargeBlock* held_large = nullptr;   ///< freed, for the owner's next request: see large_tier.h
  HeapStats stats;
  Heap* next_ever = nullptr;   ///< all heaps; set once
  Heap* next_idle = nullptr;   ///< abandoned or vacant heaps, under the registry's lock

  /// Non-zero while the owner is inside a slow operation: after a fork the child must not touch
  /// the lists of a heap whose thread was caught there. Written by the owner, read by the child.
  std::atomic<std::uint32_t> shared_slow_depth{0};
  PendingList shared_pending[kClassCount];  ///< slabs with remote frees, by class

  [[no_unique_address]] HeapQuarantine quarantine;     ///< owner-only; empty type below level 3
  [[no_unique_address]] HeapQuarantine resting_large;  ///< the same for large blocks
  [[no_unique_address]] HeapCallers callers;           ///< owner-only; empty type but at level 3

  [[no_unique_address]] HeapStacks stacks;          ///< owner-only; empty type below level 4
  [[no_unique_address]] HeapRing trace;             ///< owner-only; empty type below level 4
  /// Bytes that the owners requested less those that they freed, modulo 2^64: blocks are freed on
  /// other heaps, and the sum of all heaps is what is live. Empty type below level 4.
  [[no_unique_address]] TimelineCounter live_bytes;
  [[no_unique_address]] CanaryBehind canary_behind;

  bool has_memory() const noexcept { return superslabs != nullptr; }
};

/// True when the slab and its SuperSlab both name this heap as their owner.
HAK_INLINE bool is_owner(const Heap& heap, const Slab& slab) noexcept {
  return slab.shared_owner.load(SlabOrders::kOwnerRead) == &heap && slab.superslab->owner == &heap;
}

struct HeapOrders {
  static constexpr std::memory_order kSlowDepth = std::memory_order_relaxed;
};

/// Marks a slow operation for the fork handler.
class SlowOperation {
 public:
  explicit HAK_INLINE SlowOperation(Heap& heap) noexcept : heap_(heap) { step(1); }
  HAK_INLINE ~SlowOperation() noexcept { step(static_cast<std::uint32_t>(-1)); }
  SlowOperation(const SlowOperation&) = delete;
  SlowOperation& operator=(const SlowOperation&) = delete;

 private:
  HAK_INLINE void step(std::uint32_t by) noexcept {
    std::atomic<std::uint32_t>& depth = heap_.shared_slow_depth;
    depth.store(depth.load(HeapOrders::kSlowDepth) + by, HeapOrders::kSlowDepth);
  }
  Heap& heap_;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
