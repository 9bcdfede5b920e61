// A slab: blocks of one class, their free list and their counts. Metadata only; the blocks lie in
// the SuperSlab's data, elsewhere. Called by the fast paths (push, pop), refill and ownership.
//
//   data ┃ first_base_offset ┃ block 0 ┃ … ┃ block carved-1 ┃ uncarved … capacity-1 ┃ rest ┃
//
// Equation, whenever the owner is not inside an operation:
//   carved = used − (1 if active) + |free list|         0 <= carved <= capacity
// where used counts blocks that are live or wait in the remote queue. `carved` only grows between
// two resets; `used` is biased by one on the active slab, so that a slab whose only block comes and
// goes is not released each time.
#pragma once

#include "base/stride_divisor.h"
#include "superslab/map_entry.h"
#include "superslab/remote_queue.h"

namespace hakmem {
struct BlockRecord;
}

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct Heap;
struct SuperSlab;

/// Free: in no heap's lists. Active: a heap's bin points to it (biased). Partial: on the heap's
/// list, has a free or uncarved block. Full: on no list; its map entries carry no tag.
enum class SlabState : std::uint8_t { Free, Active, Partial, Full };

/// What verify() found, as a violation-free fact: the caller decides what to do about it.
enum class SlabDefect : std::uint8_t { None, Counters, ListCycle, ForeignNode, WrongClass };

/// From a user address to its record, at the levels that have records: see hooks::on_slab_reset().
struct SlabRecords {
  BlockRecord* first = nullptr;  ///< block 0's; const between resets, as is
  /// Block 0's base. No user address: tools that look for lost blocks would find them here.
  Address first_base = 0;
};
struct NoSlabRecords {  ///< nobody asks
  static constexpr BlockRecord* first = nullptr;
  static constexpr Address first_base = 0;
};

struct alignas(128) Slab {
  // Owner-only; malloc and free touch the first two fields alone.
  SlabBase free;                 ///< head of the list of free blocks
  std::uint32_t used = 0;        ///< blocks live or in the remote queue, +1 while active
  std::uint32_t carved = 0;      ///< blocks that ever were in the list or handed out
  std::uint32_t capacity = 0;    ///< blocks that fit; const between resets
  std::uint32_t stride_bytes = 0;
  ClassIndex class_index{};
  SlabState state = SlabState::Free;
  std::uint8_t span_slabs = 1;   ///< slabs of address space that this one covers
  std::uint8_t unit = 0;         ///< index in the SuperSlab's bitmap
  StrideDivisor divisor;         ///< of stride_bytes
  std::byte* data = nullptr;     ///< first byte of the slab; set once
  SuperSlab* superslab = nullptr;  ///< set once
  Slab* next = nullptr;          ///< in the heap's partial list
  Slab* prev = nullptr;

  // Touched by other threads.
  alignas(64) RemoteQueue shared_remote;
  std::atomic<Heap*> shared_owner{nullptr};
  Slab* pending_next = nullptr;  ///< belongs to who put the slab on a pending list
  [[no_unique_address]] std::conditional_t<kRecordLayout, SlabRecords, NoSlabRecords> records;

  /// Makes the slab an empty one of class `c`: every field that its last life could have left.
  void reset(ClassIndex c, std::size_t span, std::size_t unit_index) noexcept;
  /// True when a free slab still has the list of its last life, all of class `c`, and had better
  /// be taken as it is: with few blocks that saves carving. Many small ones are better carved
  /// anew, in address order.
  bool can_resume(ClassIndex c) const noexcept {
    constexpr std::uint32_t kBlocksMax = 256;
    return carved != 0 && class_index == c && capacity <= kBlocksMax;
  }
  /// The blocks of a free slab are gone: its list leads nowhere.
  void forget_blocks() noexcept {
    free = nullptr;
    carved = 0;
  }

  /// Takes a block off the list; null when the list is empty.
  HAK_INLINE SlabBase try_pop() noexcept {
    const SlabBase block = free;
    if (block) [[likely]] {
      free = next_of(block);
      ++used;
    }
    return block;
  }

  /// Puts a live block back. True when that was the last one: the slab may be released.
  HAK_INLINE bool push(SlabBase block) noexcept {
    set_next(block, free);
    free = block;
    return --used == 0;
  }

  /// Puts up to about carve_bytes of uncarved blocks on the (empty) list. False: none is left.
  bool try_carve(std::size_t carve_bytes) noexcept;

  /// Puts a drained chain in front of the list and takes it off `used`.
  void absorb(const BlockChain& chain) noexcept;

  /// Its list is wreckage: blocks on it count as live from now on, and are never seen again.
  void abandon_list() noexcept {
    free = nullptr;
    used = carved + (state == SlabState::Active ? 1 : 0);
  }

  bool is_exhausted() const noexcept { return !free && carved == capacity; }
  std::uint32_t live_count() const noexcept {
    return used - (state == SlabState::Active ? 1 : 0);
  }

  Address first_base() const noexcept {
    if constexpr (kRecordLayout) {
      return records.first_base;
    } else {
      return reinterpret_cast<Address>(data) + first_base_offset(class_index);
    }
  }
  SlabBase block_at(std::size_t index) const noexcept {
    return SlabBase::unsafe_from(data + first_base_offset(class_index) + index * stride_bytes);
  }
  /// The block that holds an address of the slab's blocks, counted from 0.
  std::size_t index_of_block(Address inside) const noexcept {
    return divisor.quotient(inside - first_base());
  }
  /// True when `base` could be a block's first byte; reads no field that changes while it is live.
  bool is_block_boundary(SlabBase base) const noexcept {
    const Address offset = base.address() - first_base();
    return offset < std::size_t{capacity} * stride_bytes && divisor.divides(offset);
  }
  /// True when `base` is the first byte of a block that was carved. Owner only.
  bool is_carved_block(SlabBase base) const noexcept {
    const Address offset = base.address() - first_base();
    return offset < std::size_t{carved} * stride_bytes && divisor.divides(offset);
  }

  /// Checks the equation, every list node and the class; O(list). The caller owns the slab.
  SlabDefect verify() const noexcept;
};

static_assert(sizeof(Slab) == 128, "two cache lines: the owner's and the others'");

struct SlabOrders {
  /// A pusher follows the owner it reads to that heap's pending list.
  static constexpr std::memory_order kOwnerRead = std::memory_order_acquire;
  static constexpr std::memory_order kOwnerChange = std::memory_order_release;
};

inline void PendingList::push(Slab& slab) noexcept {
  Slab* head = shared_head_.load(RemoteOrders::kPeek);
  do {
    slab.pending_next = head;
  } while (!shared_head_.compare_exchange_weak(head, &slab, RemoteOrders::kPend,
                                               RemoteOrders::kPeek));
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
