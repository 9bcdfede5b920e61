// What only a slab's owner may do: take blocks back, retire, release, adopt; and what everybody
// else does instead: push to the slab's remote queue. The cold half of free(). Called by the free
// gate, refill and thread exit. Invariant: a slab's state, lists and map entries change together,
// here.
#pragma once

#include "superslab/slab_domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Takes a live block back whose slab the heap owns, whatever state the slab is in.
void free_owned(SlabDomain& domain, Heap& heap, Slab& slab, SlabBase block) noexcept;

/// The fast path's push emptied a slab of the heap: releases it.
HAK_NOINLINE void retire_empty(SlabDomain& domain, Heap& heap, Slab& slab) noexcept;

/// Hands a chain of live blocks of one slab back to the slab's owner. Any thread.
void free_remote(Slab& slab, const BlockChain& chain) noexcept;

/// Takes everything that other threads freed to the slabs of class `c`. True if there was any.
bool drain_class(SlabDomain& domain, Heap& heap, ClassIndex c) noexcept;
/// The same for every class.
bool drain_all(SlabDomain& domain, Heap& heap) noexcept;

/// Makes a slab with room one of the heap's partial slabs, and its frees fast.
void make_partial(SlabDomain& domain, Heap& heap, Slab& slab) noexcept;
void unlink_partial(Heap& heap, Slab& slab) noexcept;
/// An active slab without free or uncarved blocks leaves its bin; its next free is slow.
void retire_full(SlabDomain& domain, Slab& slab) noexcept;

/// Links an empty SuperSlab as the heap's, all its units available.
void attach_superslab(SlabDomain& domain, Heap& heap, SuperSlab& superslab) noexcept;

/// Takes over an abandoned heap's SuperSlabs: acquire → drain → bind. False: there was none.
bool adopt_abandoned(SlabDomain& domain, Heap& heap) noexcept;

/// Gives back what a heap does not need: empty active slabs, empty SuperSlabs. For thread exit.
void shed(SlabDomain& domain, Heap& heap) noexcept;
/// Discards the pages of the heap's free units, of any age; returns the bytes.
std::size_t purge_heap(Heap& heap) noexcept;

/// After a fork, a heap whose thread was inside malloc or free may have moved a block without
/// counting it. Sets every `used` to what the lists imply; such a block stays with the dead thread.
void repair_counts(Heap& heap) noexcept;
/// After a fork, a slab whose first pusher is gone may never have got to its owner's pending list,
/// and nobody after it would put it there. Makes every pending list anew from the queues. The
/// registry's lock is held, and there is one thread.
void relist_after_fork(HeapRegistry& registry) noexcept;

/// Lists, states, owners, bitmaps and equations of one heap. The caller owns it.
SlabDefect verify_heap(const Heap& heap) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
