// free(): from a pointer of which nothing is known to the tier that owns it. The only place where a
// WildPtr becomes a UserPtr, after the address map said whose it is. Called by api/ through gate.h.
// Invariant: no memory that the map does not own is read or written.
#pragma once

#include "gate/thread_lifecycle.h"
#include "integrity/hooks.h"
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

HAK_INLINE WildPtr wild(void* pointer) noexcept {
  return WildPtr::unsafe_from(static_cast<std::byte*>(pointer));
}

/// Everything but a block of one of this thread's slabs with room: NULL, full slabs, other
/// threads' blocks, large blocks, and what is not ours (ignored at level 0, reported above).
HAK_NOINLINE void release_slow(Domain& domain, ThreadState& thread, WildPtr pointer) noexcept;

/// What the map says about an address, in terms of blocks.
struct Located {
  MapEntry entry;
  Slab* slab = nullptr;            ///< the slab in use that holds the address, if any
  LargeBlock* large = nullptr;     ///< the live large block that holds the address, if any
  bool is_start = false;           ///< the address is a user pointer that could be live
};

/// Looks an address up, dereferencing nothing but our own records.
Located locate(const Domain& domain, WildPtr pointer) noexcept;

/// Usable bytes of a live block; 0 for what is not one.
std::size_t usable_size(const Domain& domain, WildPtr pointer) noexcept;

/// The cold half of release() for a domain and a thread that are at hand as values. The product has
/// its own, with both as globals, so that the fast path need not load what it does not use.
struct ColdRelease {
  Domain& domain;
  ThreadState& thread;
  void release(WildPtr pointer) const noexcept { release_slow(domain, thread, pointer); }
  void retire(Slab& slab) const noexcept { retire_empty(domain.slabs, *thread.heap, slab); }
};

/// Takes a block back: a push, if the map says that it is this thread's; else the cold half.
template <class Cold>
HAK_INLINE void release(const Domain& domain, const ThreadState& thread, WildPtr pointer,
                        Cold cold) noexcept {
  const AddressMap& map = domain.slabs.map;
  const std::size_t granule = granule_of(pointer.address());
  if (granule >= map.flat_limit()) [[unlikely]] return cold.release(pointer);
  const std::uint64_t own =
      map.flat()[granule].load(AddressMapOrders::kLookup) ^ thread.tag_bits;
  if (!MapEntry::is_own_slab(own)) [[unlikely]] return cold.release(pointer);
  Slab& slab = MapEntry::own_slab(own);
  const SlabBase block = to_base(SlabUser::unsafe_from(pointer.unsafe_bytes()));
  if (!hooks::may_free(slab, block)) [[unlikely]] return;
  if (slab.push(block)) [[unlikely]] cold.retire(slab);
}

inline void release(Domain& domain, ThreadState& thread, WildPtr pointer) noexcept {
  release(domain, thread, pointer, ColdRelease{domain, thread});
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
