// Runs of granules between the pool tier and direct mappings: best fit by size, coalesced with both
// neighbours when they are freed, given back to the system by age.
// Called by large_tier under its lock. Sizes in granules of 64 KiB.
//
//   region ┃ used run ┃ free run ┃ used run ┃ free run …┃
//                      ▲        ▲
//           map entries of kind FreeRun at its first and last granule: a neighbour finds it there
//
// The run that was freed last waits apart, not coalesced, for a request of its size: a program that
// takes and gives one large block in a loop then splits and joins nothing.
// Invariant: of the others no two touch; each is in exactly one bin; the dirty ones are in one list
// by age. Algorithm: boundary tags (D. Knuth, TAOCP 1, 2.5, Algorithm C), with the tags in the map.
#pragma once

#include "learn/retention.h"
#include "os/address_space.h"
#include "superslab/address_map.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// A free run. A record from MetaArena, reused for ever.
struct FreeRun {
  std::byte* base = nullptr;
  std::size_t granules = 0;
  std::uint64_t since_ms = 0;   ///< when its youngest part became free
  bool dirty = false;           ///< its pages may hold data: not yet given back
  bool purged = false;          ///< given back by age, at since_ms
  FreeRun* next = nullptr;      ///< in its bin, or among spare records
  FreeRun* prev = nullptr;
  FreeRun* older = nullptr;     ///< in the list of dirty runs
  FreeRun* newer = nullptr;
};

/// A run that left the allocator.
struct Run {
  std::byte* base = nullptr;    ///< null: refused
  std::size_t granules = 0;
  bool zeroed = false;          ///< every byte reads as zero
  bool purged = false;          ///< because its pages were given back by age, at purged_ms
  std::uint64_t purged_ms = 0;
};

class RunAllocator {
 public:
  constexpr RunAllocator() noexcept = default;

  /// Longest run that is served; longer blocks are mapped directly.
  static constexpr std::size_t kGranulesMax = kGeometry.run_region_bytes / kGranuleBytes;

  /// Takes a run of `granules`, 1 … kGranulesMax. base is null when the system refuses.
  Run acquire(std::size_t granules, AddressSpace& space, AddressMap& map, MetaArena& meta) noexcept;

  /// Gives a run back; its map entries are cleared already. Purges what is old.
  void release(std::byte* base, std::size_t granules, std::uint64_t now_ms,
               const Retention& retention, AddressSpace& space, AddressMap& map,
               MetaArena& meta) noexcept;

  /// Lengthens a used run by `more` granules of the free run behind it. False: not possible.
  bool try_extend(std::byte* base, std::size_t granules, std::size_t more, AddressMap& map,
                  MetaArena& meta) noexcept;

  /// Gives all dirty runs' pages back; with scarce address space, the runs themselves.
  std::size_t purge_all(AddressSpace& space, AddressMap& map, MetaArena& meta) noexcept;

  std::size_t free_granules() const noexcept { return free_granules_ + recent_granules_; }
  /// Bins, boundary entries and the age list agree. O(free runs).
  bool verify(const AddressMap& map) const noexcept;

 private:
  static constexpr std::size_t kExactBins = 128;
  static constexpr std::size_t kBins = kExactBins + 1;  // the last: everything longer
  static constexpr std::size_t kMaskWords = (kBins + 63) / 64;

  static std::size_t bin_for(std::size_t granules) noexcept {
    return granules <= kExactBins ? granules - 1 : kExactBins;
  }
  FreeRun* find(std::size_t granules) const noexcept;
  /// Joins the run that waits apart with its free neighbours.
  void settle_recent(AddressMap& map, MetaArena& meta) noexcept;
  /// Links a free run; without a record for it the memory stays unused (see .cc).
  void link(std::byte* base, std::size_t granules, bool dirty, std::uint64_t since_ms,
            AddressMap& map, MetaArena& meta) noexcept;
  void unlink(FreeRun& run, AddressMap& map) noexcept;
  /// Cuts `granules` off a free run's front; what is left of it keeps its place by age.
  void take_front(FreeRun& run, std::size_t granules, AddressMap& map) noexcept;
  void enter_bin(FreeRun& run) noexcept;
  void leave_bin(FreeRun& run) noexcept;
  void link_newest(FreeRun& run) noexcept;
  void unlink_age(FreeRun& run) noexcept;
  void purge(FreeRun& run, AddressSpace& space, AddressMap& map) noexcept;
  FreeRun* record(MetaArena& meta) noexcept;
  bool add_region(std::size_t granules, AddressSpace& space, AddressMap& map,
                  MetaArena& meta) noexcept;

  std::byte* recent_base_ = nullptr;         // the run freed last; null: none waits
  std::size_t recent_granules_ = 0;
  std::uint64_t recent_since_ms_ = 0;
  FreeRun* bins_[kBins] = {};
  std::uint64_t occupied_[kMaskWords] = {};  // bit set: the bin has a run
  FreeRun* oldest_ = nullptr;
  FreeRun* newest_ = nullptr;
  FreeRun* spare_ = nullptr;                 // unused records
  std::size_t free_granules_ = 0;
};

/// What a run can hold; larger requests are mapped.
inline constexpr std::size_t kRunBytesMax = RunAllocator::kGranulesMax * kGranuleBytes;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
