// Blocks of a slab that threads other than its owner freed, and the owner's list of slabs that
// have such blocks. Called by the free gate (push) and by refill (drain).
//
// PROTOCOL remote queue
//   A block is in exactly one of: live, the slab's free list, the slab's remote queue, uncarved.
//   push   any thread that holds a live block of the slab: links it before the queue's head and
//          publishes both by one CAS. Whoever finds the queue empty puts the slab on the pending
//          list of its owner, once; nobody else touches pending_next until the next drain.
//   drain  the owner alone, and only slabs that it took from its pending list: exchange by empty.
//          An intrusive pop by several consumers would be unclean by construction; there is none.
//   A slab with blocks in its queue, or between push and pending list, still counts them as used:
//   it is not empty, so it is neither released nor recycled under a pusher's feet.
//   owner change (adoption): under the registry's lock by who owns both heaps. A pusher that read
//   the old owner puts the slab on the old heap's pending list; who drains that list forwards it.
//   What would break it: draining a slab that is still on a list; reading pending_next after the
//   exchange; publishing with relaxed order.
#pragma once

#include <atomic>

#include "integrity/freelist.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct Slab;

struct RemoteOrders {
  /// The block's link, and the program's last accesses to it, happen before the drain.
  static constexpr std::memory_order kPush = std::memory_order_acq_rel;
  static constexpr std::memory_order kPeek = std::memory_order_relaxed;
  /// Acquires the pushers' links; releases our read of pending_next to the next pusher.
  static constexpr std::memory_order kDrain = std::memory_order_acq_rel;
  static constexpr std::memory_order kPend = std::memory_order_release;
  static constexpr std::memory_order kTakePending = std::memory_order_acquire;
};

/// One word: 16-bit count above a 48-bit block address; zero is empty.
class RemoteQueue {
 public:
  /// Pushes a chain of live blocks, linked first to last. True when the queue was empty.
  HAK_INLINE bool push(const BlockChain& chain) noexcept {
    std::uint64_t old = shared_word_.load(RemoteOrders::kPeek);
    std::uint64_t wanted;
    do {
      set_next(chain.last, block_of(old));
      wanted = chain.first.address() | ((old >> kCountShift) + chain.count) << kCountShift;
    } while (!shared_word_.compare_exchange_weak(old, wanted, RemoteOrders::kPush,
                                                 RemoteOrders::kPeek));
    return old == 0;
  }

  /// Takes everything. `last` of the chain is not known.
  HAK_INLINE BlockChain drain() noexcept {
    const std::uint64_t word = shared_word_.exchange(0, RemoteOrders::kDrain);
    return {block_of(word), nullptr, static_cast<std::uint32_t>(word >> kCountShift)};
  }

  bool seems_empty() const noexcept { return shared_word_.load(RemoteOrders::kPeek) == 0; }

 private:
  static constexpr unsigned kCountShift = 48;
  static constexpr std::uint64_t kBlockMask = (std::uint64_t{1} << kCountShift) - 1;

  static HAK_INLINE SlabBase block_of(std::uint64_t word) noexcept {
    return SlabBase::unsafe_from(reinterpret_cast<std::byte*>(word & kBlockMask));
  }

  std::atomic<std::uint64_t> shared_word_{0};
};

/// Slabs with remote blocks, pushed by anyone, taken whole by the owner.
class PendingList {
 public:
  void push(Slab& slab) noexcept;
  /// Takes all; they are linked by pending_next.
  HAK_INLINE Slab* take_all() noexcept {
    if (shared_head_.load(RemoteOrders::kPeek) == nullptr) return nullptr;
    return shared_head_.exchange(nullptr, RemoteOrders::kTakePending);
  }
  bool seems_empty() const noexcept {
    return shared_head_.load(RemoteOrders::kPeek) == nullptr;
  }

 private:
  std::atomic<Slab*> shared_head_{nullptr};
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
