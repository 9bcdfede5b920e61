// Blocks above the pool tier: runs up to 32 MiB, direct mappings above or when a large alignment is
// asked for. Called by the gates. Invariant: every live block has a LargeBlock record, and the map
// entry of the granule of its user pointer leads to it; at level 1 and above, of all its granules.
//
// PROTOCOL large tier
//   One lock guards runs, the lists of records and the statistics. A block's record and its map
//   entries belong to whoever has the block; release() under the lock makes them nobody's. A heap
//   may hold one freed run back for its own next request: that block stays on the list of live ones
//   without map entries, and is the heap owner's alone. Breaks it: reading a record found for a
//   foreign pointer without comparing it with the record's own user pointer; holding a block whose
//   entries are still in the map.
#pragma once

#include "base/block_layout.h"
#include "base/counter.h"
#include "integrity/block_record.h"
#include "large/run_allocator.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

enum class LargeOrigin : std::uint8_t { Run, Mapping };

struct LargeBlock {
  LargeUser user;               ///< null while the record is spare
  std::byte* base = nullptr;    ///< first byte of the run or mapping
  std::size_t bytes = 0;        ///< from base, whole pages; a run's rest of a granule is unused
  LargeOrigin origin = LargeOrigin::Run;
  bool zeroed = false;          ///< every byte read as zero when it was handed out
  LargeBlock* next = nullptr;   ///< among spare or all live records
  LargeBlock* prev = nullptr;
  [[no_unique_address]] LargeRecord record;  ///< of the checked levels; empty below

  /// What its holder may change while another thread, under the lock, counts the live blocks.
  void store_shared(LargeUser new_user, std::size_t new_bytes) noexcept {
    std::atomic_ref(user).store(new_user, CounterOrders::kAny);
    std::atomic_ref(bytes).store(new_bytes, CounterOrders::kAny);
  }
  LargeUser load_user() noexcept { return std::atomic_ref(user).load(CounterOrders::kAny); }
  std::size_t load_bytes() noexcept { return std::atomic_ref(bytes).load(CounterOrders::kAny); }

  /// Bytes from the user pointer to the end, without tail bytes.
  std::size_t usable() const noexcept {
    return bytes - static_cast<std::size_t>(user.unsafe_bytes() - base) - kTailBytes;
  }
  bool contains(Address address) const noexcept {
    return address - reinterpret_cast<Address>(base) < bytes;
  }
};

struct LargeStats {
  std::size_t live_bytes = 0, live_blocks = 0, mapped_bytes = 0;
  std::size_t free_run_bytes = 0;  ///< with what heaps hold back
  std::uint64_t regrets = 0;       ///< runs given back too early
  std::uint64_t age_factor = 1;    ///< how much longer than the option says they are kept now
};

class LargeTier {
 public:
  constexpr LargeTier(AddressSpace& space, AddressMap& map, MetaArena& meta,
                      const RetentionPolicy& policy) noexcept
      : space_(space), map_(map), meta_(meta), policy_(policy) {}

  /// A block with at least `request` usable bytes at a multiple of `align` (a power of two).
  /// Null: the system refuses, or the sum of sizes overflows.
  LargeBlock* allocate(std::size_t request, std::size_t align) noexcept;
  void release(LargeBlock& block) noexcept;

  /// allocate() and release() of a thread with a heap, whose `held` block they use: a program that
  /// takes and gives one size in a loop needs no lock. None is held at levels with a quarantine.
  LargeBlock* allocate(std::size_t request, std::size_t align, LargeBlock*& held) noexcept;
  void release(LargeBlock& block, LargeBlock*& held) noexcept;
  /// Gives the held block back; for thread exit and when memory is short.
  void release_held(LargeBlock*& held) noexcept;

  /// Makes `request` bytes usable where the block is, or by moving its pages; shrinks, too.
  /// Contents up to the smaller size are kept. False: the caller must copy; nothing changed.
  bool try_resize(LargeBlock& block, std::size_t request) noexcept;

  /// Gives cached memory back to the system; returns the bytes.
  std::size_t purge_all() noexcept;
  /// O(live blocks): counts them by their map entries.
  LargeStats stats() noexcept;
  bool verify() noexcept;
  /// Bytes taken from the system, cached ones included; false when the lock is held.
  bool try_taken_bytes(std::size_t& bytes) noexcept {
    if (!lock_.try_lock()) return false;
    bytes = mapped_bytes_ + (run_granules_ + runs_.free_granules()) * kGranuleBytes;
    lock_.unlock();
    return true;
  }

  /// Calls visit(block) for every live block, under the lock; for the levels that hold none back.
  /// The visitor must not allocate.
  template <class Visit>
  void for_each_live(Visit visit) noexcept {
    LockScope scope(lock_);
    for (LargeBlock* block = live_; block != nullptr; block = block->next) visit(*block);
  }
  /// The same from a signal handler; visits none when the lock stays taken.
  template <class Visit>
  void try_for_each_live(Visit visit) noexcept {
    if (!lock_.try_lock_for_a_while()) return;
    for (LargeBlock* block = live_; block != nullptr; block = block->next) visit(*block);
    lock_.unlock();
  }
  Lock& lock_for_fork() noexcept { return lock_; }
  /// Where the list of live blocks begins, for a report: it reads without the lock, as memory that
  /// may be anything, and believes nothing.
  LargeBlock* const* live_list() const noexcept { return &live_; }

 private:
  static constexpr bool kAllGranules = kBuildChecks.has(Check::kMapMembership);
  static constexpr bool kHolds = !kRecordLayout;
  static constexpr std::size_t kHeldBytesMax = kMiB;

  LargeBlock* record_locked() noexcept;
  void spare_locked(LargeBlock& block) noexcept;
  LargeBlock* allocate_mapping(std::size_t bytes, std::size_t lead, std::size_t align) noexcept;
  LargeBlock* allocate_run(std::size_t bytes, std::size_t lead) noexcept;
  /// Makes the block known at `lead` bytes behind its base.
  void publish(LargeBlock& block, std::size_t lead) noexcept;
  void link_locked(LargeBlock& block) noexcept;
  /// Gives memory and record back of a block without map entries.
  void release_locked(LargeBlock& block, std::uint64_t now_ms) noexcept;
  bool is_live(LargeBlock& block) const noexcept;
  void enter_in_map(LargeBlock& block, bool present) noexcept;
  bool resize_run(LargeBlock& block, std::size_t bytes) noexcept;
  bool resize_mapping(LargeBlock& block, std::size_t bytes) noexcept;

  AddressSpace& space_;
  AddressMap& map_;
  MetaArena& meta_;
  const RetentionPolicy& policy_;
  Lock lock_;
  RunAllocator runs_;
  LearnedAge learned_age_;        // of free runs
  LargeBlock* live_ = nullptr;
  LargeBlock* spare_ = nullptr;
  std::size_t mapped_bytes_ = 0;  // of the mappings among the live blocks
  std::size_t run_granules_ = 0;  // of the runs
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
