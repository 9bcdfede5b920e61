// The shared SuperSlab pool: empty SuperSlabs between owners, most recently used first, given back
// to the system by age; and expansion, when there is none. Slabs change owner only here, through
// one acquire/release pair. Called by refill (acquire) and ownership (release).
//
// PROTOCOL shared pool
//   A SuperSlab is owned by one heap or by the pool; who holds the pool's lock moves it. Expansion
//   happens under the same lock, after the cache was looked at again, so that two threads that run
//   dry together take one new SuperSlab each and never the same. A SuperSlab is registered in the
//   address map before its first block leaves. Breaks it: releasing one that still has a used slab.
#pragma once

#include "base/counter.h"
#include "learn/retention.h"
#include "os/address_space.h"
#include "superslab/address_map.h"
#include "superslab/superslab.h"
#include "superslab/switches.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Whether empty SuperSlabs are kept; at level 0 they always are.
struct Keeping {
  bool on = true;
  void set(bool keeps) noexcept { on = keeps; }
};
struct AlwaysKeeping {
  static constexpr bool on = true;
  static void set(bool) noexcept {}
};

class SharedPool {
 public:
  constexpr SharedPool() noexcept = default;

  /// An empty SuperSlab of `kind`, reset field by field; null when the system refuses memory.
  SuperSlab* acquire(SuperSlabKind kind, AddressSpace& space, AddressMap& map,
                     MetaArena& meta) noexcept;

  /// Takes an empty SuperSlab that its heap has unlinked; purges what is old.
  void release(SuperSlab& superslab, std::uint64_t now_ms, const Retention& retention,
               AddressSpace& space, AddressMap& map) noexcept;

  /// From now on empty SuperSlabs are kept, or go back to the system at once. Not at level 0.
  void keep(bool on) noexcept { keeping_.set(on); }

  /// Discards the pages of every cached SuperSlab; returns the bytes discarded.
  std::size_t purge_all() noexcept;

  /// All SuperSlabs that there ever were, by next_ever; newest first.
  SuperSlab* ever() const noexcept { return ever_; }
  /// Where that list begins, for a report, which reads it as memory that may be anything.
  SuperSlab* const* ever_list() const noexcept { return &ever_; }
  std::size_t count() const noexcept { return count_.read(); }
  std::size_t cached_count() const noexcept { return cached_count_.read(); }
  Lock& lock_for_fork() noexcept { return lock_; }
  /// For who walks all SuperSlabs, by ever(), while their owners run.
  Lock& lock() noexcept { return lock_; }

  /// Cached SuperSlabs are empty, ownerless and agree with their bitmaps. Takes the lock.
  bool verify() noexcept;

 private:
  void link_newest(SuperSlab& superslab) noexcept;
  void unlink(SuperSlab& superslab) noexcept;
  SuperSlab* expand(AddressSpace& space, AddressMap& map, MetaArena& meta) noexcept;

  Lock lock_;
  SuperSlab* newest_ = nullptr;      // cached, with memory; by next
  SuperSlab* oldest_ = nullptr;      // by prev
  SuperSlab* memoryless_ = nullptr;  // records whose data went back to the system; by next
  SuperSlab* ever_ = nullptr;
  Counter count_, cached_count_;
  [[no_unique_address]] std::conditional_t<kSwitchable, Keeping, AlwaysKeeping> keeping_;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
