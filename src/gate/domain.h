// One allocator instance: all tiers and what they share. The product has one, in api/; tests make
// their own. Called by the gates. Invariant: nothing is taken from the system before the first use.
//
// PROTOCOL initialisation
//   0 untouched → 1 one thread initialises → 2 ready (or back to 0: memory was refused, and the
//   next use tries again). Who finds 1 waits for it to change. Breaks it: using a tier before 2.
#pragma once

#include "base/options.h"
#include "large/large_tier.h"
#include "superslab/slab_domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct InitOrders {
  static constexpr std::memory_order kClaim = std::memory_order_acquire;
  static constexpr std::memory_order kClaimFailed = std::memory_order_acquire;
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kLook = std::memory_order_acquire;
};

class Domain {
 public:
  constexpr Domain() noexcept = default;
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  /// Makes the instance usable; any number of threads at once. False: the system refuses memory.
  bool ensure_initialised() noexcept {
    if (shared_init_.load(InitOrders::kLook) == kReady) [[likely]] return true;
    return initialise_slow();
  }

  /// Takes what options say about keeping and returning memory.
  void apply(const Options& options) noexcept { slabs.policy = RetentionPolicy::from(options); }

  /// Gives cached memory of every tier back to the system; returns the bytes.
  std::size_t relieve_pressure() noexcept {
    return large.purge_all() + slabs.pool.purge_all();
  }

  SlabDomain slabs;
  LargeTier large{slabs.space, slabs.map, slabs.meta, slabs.policy};
  /// Frees of addresses that are not ours, at level 0, where they are ignored.
  std::atomic<std::uint64_t> shared_foreign_frees{0};

 private:
  static constexpr std::uint32_t kUntouched = 0, kRunning = 1, kReady = 2;
  bool initialise_slow() noexcept;

  std::atomic<std::uint32_t> shared_init_{kUntouched};
};

/// What the allocator knows about a thread: which heap it runs on.
struct ThreadState {
  Heap* heap;               ///< domain.slabs.no_heap until the first allocation
  std::uint64_t tag_bits;   ///< the heap's tag, where map entries have it
  std::uint8_t exit_rounds = 0;  ///< how often the thread's exit handler ran

  static constexpr std::uint64_t kNoTag = MapEntry::tag_bits(OwnerTag::NoHeap);
  explicit constexpr ThreadState(Domain& domain) noexcept
      : heap(&domain.slabs.no_heap), tag_bits(kNoTag) {}
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
