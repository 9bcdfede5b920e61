// A SuperSlab: 2 MiB of data cut into units of one slab, or of one span for the pool tier, with the
// metadata of its slabs beside it (not inside: a program's overflow cannot reach it).
//
//   metadata (MetaArena)   ┃ header: owner, bitmaps, links ┃ Slab 0 ┃ Slab 1 ┃ … ┃ Slab 31 ┃
//   data (AddressSpace)    ┃ 64 KiB of slab 0 ┃ 64 KiB of slab 1 ┃ …        … ┃ slab 31    ┃
//   single                 unit u is slab u
//   span                   unit u is slabs u·S … u·S+S−1, described by the first of them
//
// Called by refill, ownership and shared_pool. Owner-only while a heap has it; while it is empty it
// belongs to the shared pool. Invariant: bit u of free_units is set exactly when the slab of unit u
// is in state Free.
#pragma once

#include "base/counter.h"
#include "superslab/slab.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// How many records of each slab ever were in use: how far those must look who do not own it.
/// Only raised; a record that is counted too early is not in use, and is seen to be.
struct RecordCounts {
  std::atomic<std::uint32_t> shared_count[kGeometry.slabs_per_superslab];

  std::uint32_t of(std::size_t slab) const noexcept {
    return shared_count[slab].load(CounterOrders::kAny);
  }
  /// The slab's owner says that its first `count` records are in use now.
  void raise(std::ptrdiff_t slab, std::uint32_t count) noexcept {
    std::atomic<std::uint32_t>& shared = shared_count[slab];
    if (shared.load(CounterOrders::kAny) < count) shared.store(count, CounterOrders::kAny);
  }
};
struct NoRecordCounts {};

enum class SuperSlabKind : std::uint8_t { Single, Span };
inline constexpr std::size_t kSuperSlabKinds = 2;

constexpr SuperSlabKind kind_for(ClassIndex c) noexcept {
  return span_slabs_of(c) == 1 ? SuperSlabKind::Single : SuperSlabKind::Span;
}

struct SuperSlab {
  static constexpr std::size_t kSlabs = kGeometry.slabs_per_superslab;
  static_assert(kSlabs <= 64, "the bitmaps are one word");
  static_assert(kSlabs % kGeometry.pool_span_slabs == 0, "spans tile a SuperSlab");

  std::byte* data = nullptr;       ///< null when the record waits for memory (see shared_pool)
  Heap* owner = nullptr;           ///< null in the shared pool
  std::uint64_t free_units = 0;    ///< bit set: the unit is free
  std::uint64_t dirty_units = 0;   ///< bit set: free, and its pages were used since the last purge
  std::uint64_t dirty_since_ms = 0;  ///< when the first of the dirty units became free
  std::uint64_t purged_units = 0;  ///< bit set: free, and its pages were given back by age
  std::uint64_t purged_ms = 0;     ///< when that was for the last of them
  SuperSlabKind kind = SuperSlabKind::Single;
  bool listed = false;             ///< on its heap's list of SuperSlabs with a free unit
  bool huge = false;               ///< huge pages were asked for
  SuperSlab* next = nullptr;       ///< owner's list, or the shared pool's
  SuperSlab* prev = nullptr;
  SuperSlab* next_in_heap = nullptr;  ///< all SuperSlabs of the owner
  SuperSlab* prev_in_heap = nullptr;
  SuperSlab* next_ever = nullptr;  ///< all there ever were; never unlinked
  std::byte* records = nullptr;    ///< per-block records of the checked levels; null below
  [[no_unique_address]] std::conditional_t<kRecordLayout, RecordCounts, NoRecordCounts>
      record_counts;
  Slab slabs[kSlabs];

  std::size_t span_slabs() const noexcept {
    return kind == SuperSlabKind::Single ? 1 : kGeometry.pool_span_slabs;
  }
  std::size_t unit_bytes() const noexcept { return span_slabs() * kGranuleBytes; }
  std::uint64_t all_units() const noexcept {
    const std::size_t units = kSlabs / span_slabs();
    return units == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << units) - 1;
  }
  bool is_empty() const noexcept { return free_units == all_units(); }

  /// Makes an empty SuperSlab of `new_kind`: field by field as a fresh one, but for its dirt.
  void reset(SuperSlabKind new_kind) noexcept;

  /// Takes a free unit, a dirty one first, for class `c` of this kind. There must be one.
  Slab& take_unit(ClassIndex c) noexcept;
  /// Gives the unit of an empty slab back at `now_ms`.
  void give_unit(Slab& slab, std::uint64_t now_ms) noexcept;

  /// True when the unit that take_unit() takes next had pages that were given back by age.
  bool next_was_purged() const noexcept { return (purged_units >> next_unit() & 1) != 0; }

  /// Discards the pages of all dirty units.
  void purge() noexcept;
  /// The same because they are old; who wants them again is told (next_was_purged()).
  void purge_aged(std::uint64_t now_ms) noexcept;

  /// Bitmap against metadata; every slab in use against its own equation.
  SlabDefect verify() const noexcept;
  bool bitmap_agrees() const noexcept;

 private:
  unsigned next_unit() const noexcept;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
