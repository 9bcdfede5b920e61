// What the checked levels (3 and 4) know about one block, beside the block and out of a program's
// reach. Called by the checked gates and the sweeps. Below level 3 the types exist and are empty.
//
// PROTOCOL block state
//   Fresh → Busy → Live → Busy → Quarantined → Free → Busy → Live …
//   Busy is taken by compare-exchange alone, from the state expected: of two threads that free one
//   block at once exactly one wins, and the other has found a double free; an allocation that finds
//   Live or Quarantined was handed a block twice. In a process with one thread a load and a store
//   are that exchange: a second thread can start before or after them, not between. The other
//   fields, the canaries and the fill belong to whoever made it Busy, until it stores the next
//   state.
//   Quarantined ends by the owner of the quarantine alone: by compare-exchange to Free, or to Busy
//   when something is wrong with the block.
//   A sweep or report that is not the block's owner marks a Live or Quarantined record first, also
//   by compare-exchange. While the mark is there nobody can free, resize or let go of the block:
//   whoever wants it waits, so nothing that is looked at changes, and the slab keeps its layout. A
//   waiter loses patience, though: a report may take long, and the thread that looks may be gone.
//   publishes: all that belongs to a block, by release of the next state (or of the mark's end) and
//   acquire of Busy (or of the mark, or of Free).
//   Breaks it: a load and a store where an exchange is, in a process with threads; writing a canary
//   of a Live block; reading a byte of a block before it is marked, or after.
#pragma once

#include <atomic>
#include <type_traits>

#include "base/block_layout.h"
#include "os/one_thread.h"
#include "ptr_trace/stack_depot.h"

namespace hakmem {

enum class BlockState : std::uint8_t { Fresh, Free, Live, Quarantined, Busy };

/// True for what an allocation may hand out.
constexpr bool is_unused(BlockState state) noexcept { return state <= BlockState::Free; }
/// True from the block's allocation to the end of its rest, but while it is in a thread's hands.
constexpr bool is_in_use(BlockState state) noexcept {
  return state == BlockState::Live || state == BlockState::Quarantined;
}

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
  /// Behind a look, and behind whoever had the block before.
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kMark = std::memory_order_acquire;
  static constexpr std::memory_order kEndLook = std::memory_order_release;
  static constexpr std::memory_order kPublish = std::memory_order_release;
  /// Nothing is read through it: who reads more has the block, or marks it.
  static constexpr std::memory_order kPeek = std::memory_order_relaxed;
};

struct BlockRecord {
  std::atomic<BlockState> shared_state{BlockState::Fresh};
  AllocKind kind = AllocKind::Malloc;
  std::uint8_t align_log2 = 0;          ///< 0: none above the usual
  bool marked = false;                  ///< the leak search's mark
  bool closed = false;                  ///< its pages fault: a large block that rests at level 4
  std::uint16_t seen_in = 0;            ///< sweep that saw it whole last: see SweepLog
  std::uint32_t allocated_by = 0;       ///< kernel thread ids
  std::uint32_t freed_by = 0;
  StackId allocated_at = StackId::None;
  StackId freed_at = StackId::None;
  std::size_t request_bytes = 0;
  std::uint64_t allocated_sequence = 0;
  std::uint64_t freed_sequence = 0;

  BlockState state() const noexcept { return without_mark(state_and_mark()); }
  /// The same for fast paths: none of the five while somebody looks at the block.
  BlockState state_and_mark() const noexcept { return shared_state.load(RecordOrders::kPeek); }

  /// Makes the record Busy if it is in `expected`; false when it is not, and then says what it is.
  HAK_INLINE bool try_take(BlockState& expected) noexcept {
    BlockState found = expected;
    if (try_change(found, BlockState::Busy)) [[likely]] return true;
    if (without_mark(found) != found) found = take_behind_look(expected);
    const bool taken = found == expected;
    expected = found;
    return taken;
  }
  /// Writes the state that is there. A page whose first access is a read is mapped twice, and other
  /// processors are stopped for the second time.
  void touch() noexcept {
    BlockState same = BlockState::Fresh;
    shared_state.compare_exchange_strong(same, BlockState::Fresh, RecordOrders::kPeek,
                                         RecordOrders::kPeek);
  }
  /// Ends Busy.
  void publish(BlockState next) noexcept { shared_state.store(next, RecordOrders::kPublish); }
  /// Quarantined → Free, for the quarantine's owner; false when it is not Quarantined, or marked.
  bool try_end_rest() noexcept {
    BlockState expected = BlockState::Quarantined;
    return try_change(expected, BlockState::Free);
  }

  /// Marks a record that is Live or Quarantined, and says which; false when it is neither, or when
  /// another looks at it. The block and its record are the caller's to read until end_look().
  bool try_look(BlockState& found) noexcept {
    found = state_and_mark();
    return is_in_use(found) &&
           shared_state.compare_exchange_strong(found, with_mark(found), RecordOrders::kMark,
                                                RecordOrders::kPeek);
  }
  /// Takes the mark away, unless somebody could not wait for that.
  void end_look(BlockState found) noexcept {
    BlockState looked_at = with_mark(found);
    shared_state.compare_exchange_strong(looked_at, found, RecordOrders::kEndLook,
                                         RecordOrders::kPeek);
  }

  /// The record of a block that never was handed out. Another may look meanwhile.
  void renew() noexcept;

 private:
  static constexpr std::uint8_t kMarkBit = 0x80;
  static constexpr BlockState with_mark(BlockState state) noexcept {
    return static_cast<BlockState>(static_cast<std::uint8_t>(state) | kMarkBit);
  }
  static constexpr BlockState without_mark(BlockState state) noexcept {
    return static_cast<BlockState>(static_cast<std::uint8_t>(state) & ~kMarkBit);
  }
  HAK_INLINE bool try_change(BlockState& expected, BlockState next) noexcept {
    if (os::has_one_thread()) {
      const BlockState now = state_and_mark();
      if (now != expected) [[unlikely]] return expected = now, false;
      publish(next);
      return true;
    }
    return shared_state.compare_exchange_strong(expected, next, RecordOrders::kTake,
                                                RecordOrders::kPeek);
  }
  /// try_take() of a record that was marked: `wanted` when it was taken, else what it is.
  HAK_COLD BlockState take_behind_look(BlockState wanted) noexcept {
    constexpr int kTriesMax = 1000000;  // tens of milliseconds; then the mark is not believed
    for (int tries = 0; tries < kTriesMax; ++tries) {
      BlockState found = wanted;
      if (try_change(found, BlockState::Busy)) return wanted;
      if (found != with_mark(wanted)) return without_mark(found);
      cpu_relax();
    }
    BlockState found = with_mark(wanted);
    return try_change(found, BlockState::Busy) ? wanted : without_mark(found);
  }
};

inline void BlockRecord::renew() noexcept {
  kind = AllocKind::Malloc;
  align_log2 = 0;
  marked = closed = false;
  seen_in = 0;
  allocated_by = freed_by = 0;
  allocated_at = freed_at = StackId::None;
  request_bytes = 0;
  allocated_sequence = freed_sequence = 0;
  shared_state.store(BlockState::Fresh, RecordOrders::kPeek);
}

/// A look at a block that somebody else may have: while this lives, nothing of it changes.
class RecordLook {
 public:
  explicit RecordLook(BlockRecord& record) noexcept
      : record_(record), looks_(record.try_look(found_)) {}
  ~RecordLook() noexcept {
    if (looks_) record_.end_look(found_);
  }
  RecordLook(const RecordLook&) = delete;
  RecordLook& operator=(const RecordLook&) = delete;

  explicit operator bool() const noexcept { return looks_; }
  BlockState found() const noexcept { return found_; }

 private:
  BlockRecord& record_;
  BlockState found_ = BlockState::Fresh;
  bool looks_;
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
