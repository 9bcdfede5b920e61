// What the checked levels (3 and 4) know about one block, beside the block and out of a program's
// reach. Called by the checked gates and the sweeps. Below level 3 the types exist and are empty.
//
// PROTOCOL block state
//   Fresh → Busy → Live → Busy → Quarantined → Free → Busy → Live …
//   Quarantined ends by the owner of the quarantine alone, which stores Free, or takes Busy first
//   when something is wrong with the block: others only look at a block that rests.
//   Busy is taken by compare-exchange alone, from the state expected: of two threads that free one
//   block at once exactly one wins, and the other has found a double free; an allocation that finds
//   Live or Quarantined was handed a block twice. In a process with one thread a load and a store
//   are that exchange: a second thread can start before or after them, not between. The other
//   fields, the canaries and the fill belong to whoever made it Busy, until it stores the next
//   state. A sweep that runs beside the program believes what it saw only if state and sequence are
//   the same before and after. Breaks it: a load and a store where the exchange is, in a process
//   with threads; writing a canary of a Live block.
#pragma once

#include <atomic>
#include <type_traits>

#include "base/block_layout.h"
#include "os/one_thread.h"
#include "ptr_trace/stack_depot.h"

namespace hakmem {

enum class BlockState : std::uint8_t { Fresh, Live, Quarantined, Free, Busy };

constexpr const char* name_of(BlockState state) noexcept {
  switch (state) {
    case BlockState::Fresh: return "never allocated";
    case BlockState::Live: return "live";
    case BlockState::Quarantined: return "freed, in quarantine";
    case BlockState::Free: return "freed";
    case BlockState::Busy: return "in the hands of another thread";
  }
  return "";
}

/// Which family of functions made a block; releases must match (HK107).
enum class AllocKind : std::uint8_t { Malloc, Aligned, New, NewArray };

constexpr const char* name_of(AllocKind kind) noexcept {
  switch (kind) {
    case AllocKind::Malloc: return "malloc";
    case AllocKind::Aligned: return "aligned allocation";
    case AllocKind::New: return "operator new";
    case AllocKind::NewArray: return "operator new[]";
  }
  return "";
}

struct RecordOrders {
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kLook = std::memory_order_acquire;
  static constexpr std::memory_order kPublish = std::memory_order_release;
  /// A sweep's note: it was true when it was made, and nothing is read through it.
  static constexpr std::memory_order kNote = std::memory_order_relaxed;
};

struct BlockRecord {
  std::atomic<BlockState> shared_state{BlockState::Fresh};
  AllocKind kind = AllocKind::Malloc;
  std::uint8_t align_log2 = 0;          ///< 0: none above the usual
  bool marked = false;                  ///< the leak search's mark
  bool closed = false;                  ///< its pages fault: a large block that rests at level 4
  std::atomic<std::uint16_t> shared_seen_in{0};  ///< sweep that saw it whole last: see SweepLog
  std::uint32_t allocated_by = 0;       ///< kernel thread ids
  std::uint32_t freed_by = 0;
  StackId allocated_at = StackId::None;
  StackId freed_at = StackId::None;
  std::size_t request_bytes = 0;
  std::uint64_t allocated_sequence = 0;
  std::uint64_t freed_sequence = 0;

  BlockState state() const noexcept { return shared_state.load(RecordOrders::kLook); }
  /// True from the block's allocation to the end of its rest.
  bool is_in_use() const noexcept {
    const BlockState now = state();
    return now == BlockState::Live || now == BlockState::Quarantined;
  }
  /// Makes the record Busy if it is in `expected`; false when it is not, and then says what it is.
  HAK_INLINE bool try_take(BlockState& expected) noexcept {
    if (os::has_one_thread()) {
      const BlockState now = state();
      if (now != expected) [[unlikely]] return expected = now, false;
      publish(BlockState::Busy);
      return true;
    }
    return shared_state.compare_exchange_strong(expected, BlockState::Busy, RecordOrders::kTake,
                                                RecordOrders::kLook);
  }
  /// Writes the state that is there. A page whose first access is a read is mapped twice, and other
  /// processors are stopped for the second time.
  void touch() noexcept {
    BlockState same = BlockState::Fresh;
    shared_state.compare_exchange_strong(same, BlockState::Fresh, RecordOrders::kNote,
                                         RecordOrders::kNote);
  }
  /// Ends Busy.
  void publish(BlockState next) noexcept { shared_state.store(next, RecordOrders::kPublish); }
};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Large freed blocks are closed, not filled; whoever touches one meets the crash report.
inline constexpr bool kClosesLarge =
    kBuildChecks.has(Check::kQuarantine) && kBuildChecks.has(Check::kCrashReport);

struct EmptyRecord {};
using LargeRecord = std::conditional_t<kRecordLayout, BlockRecord, EmptyRecord>;

/// Most blocks that a slab or span can have, hence records a slab needs.
inline constexpr std::size_t kRecordsPerSlab =
    kRecordLayout ? capacity_of(class_for(kOverheadBytes + 1)) : 0;
inline constexpr std::size_t kRecordBytesPerSuperSlab =
    round_up(kRecordsPerSlab * kGeometry.slabs_per_superslab * sizeof(BlockRecord), kPageBytes);

/// The record of block `index` of a slab. Only in builds that have records.
template <class SlabT>
HAK_INLINE BlockRecord& record_of(const SlabT& slab, std::size_t index) noexcept {
  const std::size_t slab_index =
      static_cast<std::size_t>(&slab - static_cast<const SlabT*>(slab.superslab->slabs));
  BlockRecord* const all = reinterpret_cast<BlockRecord*>(slab.superslab->records);
  return all[slab_index * kRecordsPerSlab + index];
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
