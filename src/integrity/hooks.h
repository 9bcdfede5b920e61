// Every hook point, in one place. A hook is called as one statement on one line; at level 0 each is
// empty and vanishes, so that the library is instruction-identical to one without the calls.
// Called by superslab/, large/ and gate/. Arguments are references: an atomic load passed by value
// would stay. The slab's type is a template parameter, because this layer lies below it.
// may_…() is a question: false after a finding that did not end the program, for what must then not
// be done. Its answer at level 0 is true.
#pragma once

#include "integrity/block_record.h"
#include "integrity/fail.h"
#include "os/memory_marks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::hooks {

inline constexpr CheckSet kOn = kBuildChecks;

/// A block leaves the allocator; it is counted as used and on no list.
template <class SlabT>
HAK_INLINE void on_alloc_return(SlabT& slab, const SlabBase& block) noexcept {
  if constexpr (kOn.has(Check::kNextInSlab)) {
    // In a slab of one granule a look at the address is enough; spans and level 2 look closer.
    const Address distance = slab.free.address() ^ block.address();
    const bool beside = distance < kGranuleBytes && distance % kMinAlignBytes == 0;
    const bool surely = beside && !kOn.has(Check::kSlabInvariants);
    if (slab.free && !surely && !slab.is_carved_block(slab.free)) [[unlikely]] {
      fail_link(slab, block);
    }
  }
}

/// A live block of a slab comes back to its owner; nothing is changed yet. False: it stays away.
template <class SlabT>
HAK_INLINE bool may_free(const SlabT& slab, const SlabBase& block) noexcept {
  if constexpr (kOn.has(Check::kStrideAlignment)) {
    if (!slab.is_carved_block(block)) [[unlikely]] return fail_not_a_block(slab, block), false;
  }
  if constexpr (kOn.has(Check::kImmediateDoubleFree)) {
    if (slab.free == block) [[unlikely]] return fail_double_free(slab, block), false;
  }
  if constexpr (kOn.has(Check::kHeaderByte)) {
    if (read_header(block) != header_byte_of(slab.class_index)) [[unlikely]] {
      return fail_header(slab, block), false;
    }
  }
  return true;
}

/// A free from another thread than the owner; `slab.free` belongs to the owner and is not read.
template <class SlabT>
HAK_INLINE bool may_free_remote(const SlabT& slab, const SlabBase& block) noexcept {
  if constexpr (kOn.has(Check::kStrideAlignment)) {
    if (!slab.is_block_boundary(block)) [[unlikely]] return fail_not_a_block(slab, block), false;
  }
  if constexpr (kOn.has(Check::kHeaderByte)) {
    if (read_header(block) != header_byte_of(slab.class_index)) [[unlikely]] {
      return fail_header(slab, block), false;
    }
  }
  return true;
}

/// A slab begins a life with its class.
template <class SlabT>
HAK_INLINE void on_slab_reset(SlabT& slab) noexcept {
  if constexpr (kOn.has(Check::kRecords)) {
    slab.records.first = slab.superslab != nullptr ? &record_of(slab, 0) : nullptr;
    slab.records.first_base = slab.block_at(0).address();
  }
}

/// Blocks [first, first + count) of a slab came into being.
template <class SlabT>
HAK_INLINE void on_carve(const SlabT& slab, const std::uint32_t& first,
                         const std::uint32_t& count) noexcept {
  if constexpr (kTraced) {
    trace(TraceKind::Carve, slab.first_base() + std::size_t{first} * slab.stride_bytes, count);
  }
  if constexpr (kOn.has(Check::kRecords)) {
    record_of(slab, first).touch();
    record_of(slab, first + count - 1).touch();
    for (std::uint32_t i = first; i < first + count; ++i) {
      BlockRecord& record = record_of(slab, i);
      if constexpr (kOn.has(Check::kOwnership)) {
        if (is_in_use(record.state())) [[unlikely]] fail_carved_twice(slab, slab.block_at(i));
      }
      record.renew();
    }
    slab.superslab->record_counts.raise(&slab - slab.superslab->slabs, first + count);
  }
}

/// A chain of live blocks goes to the slab's remote queue.
template <class SlabT>
HAK_INLINE void on_remote_push(const SlabT& slab, const BlockChain& chain) noexcept {
  if constexpr (kTraced) trace(TraceKind::RemotePush, chain.first.address(), chain.count);
  if constexpr (kOn.has(Check::kRemoteCount)) {
    const bool possible = chain.count != 0 && chain.count <= slab.capacity;
    if (!possible) [[unlikely]] fail_remote(slab, chain.count);
  }
}

/// A drained chain is about to join the slab's list: drained = pushed. False: it is lost.
template <class SlabT>
HAK_INLINE bool may_absorb(const SlabT& slab, const BlockChain& chain) noexcept {
  if constexpr (kTraced) trace(TraceKind::Drain, chain.first.address(), chain.count);
  if constexpr (kOn.has(Check::kRemoteCount)) {
    std::uint32_t found = 0;
    for (SlabBase block = chain.first; block; block = next_of(block)) {
      if (!slab.is_carved_block(block)) [[unlikely]] return fail_chain(slab, block), false;
      if (++found > chain.count) break;
    }
    if (found != chain.count || found > slab.used) [[unlikely]] fail_remote(slab, found);
  }
  return true;
}

/// A slab's state or list changed as a whole; its equation must hold.
template <class SlabT>
HAK_INLINE void on_slab_transition(SlabT& slab) noexcept {
  if constexpr (kTraced) trace(TraceKind::SlabChange, slab.first_base(), slab.used);
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    const auto defect = slab.verify();
    if (defect != decltype(defect)::None) [[unlikely]] {
      fail_slab(slab, static_cast<SlabDefectCode>(defect));
    }
  }
}

/// A thread that runs on `heap` acts as the slab's owner.
template <class HeapT, class SlabT>
HAK_INLINE void on_owner_act(const HeapT& heap, const SlabT& slab) noexcept {
  if constexpr (kOn.has(Check::kOwner)) {
    if (!is_owner(heap, slab)) [[unlikely]] fail_owner(slab);
  }
}

/// An empty slab goes back to its SuperSlab.
template <class SlabT>
HAK_INLINE void on_slab_release(SlabT& slab) noexcept {
  if constexpr (kTraced) trace(TraceKind::SlabRelease, slab.first_base(), slab.used);
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    if (slab.used != 0) [[unlikely]] fail_slab(slab, SlabDefectCode::Counters);
    if (!slab.shared_remote.seems_empty()) [[unlikely]] fail_remote(slab, 0);
  }
}

/// An empty SuperSlab got an owner.
template <class SuperSlabT>
HAK_INLINE void on_superslab_map(const SuperSlabT& superslab) noexcept {
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    if (!superslab.is_empty() || !superslab.bitmap_agrees()) [[unlikely]] fail_superslab(superslab);
  }
}

/// A SuperSlab loses its owner; it must be empty.
template <class SuperSlabT>
HAK_INLINE void on_superslab_unmap(const SuperSlabT& superslab) noexcept {
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    if (!superslab.is_empty() || !superslab.bitmap_agrees()) [[unlikely]] fail_superslab(superslab);
  }
}

/// A SuperSlab's memory came from the system.
template <class SuperSlabT>
HAK_INLINE void on_superslab_arrival(const SuperSlabT& superslab) noexcept {
  if constexpr (marks::kOn) marks::close(superslab.data, kGeometry.superslab_bytes());
}

/// A SuperSlab's memory is about to go back to the system.
template <class SuperSlabT>
HAK_INLINE void on_superslab_return(const SuperSlabT& superslab) noexcept {
  if constexpr (marks::kOn) marks::forget(superslab.data, kGeometry.superslab_bytes());
}

/// Memory for large blocks came from the system.
HAK_INLINE void on_memory_arrival(std::byte* begin, std::size_t bytes) noexcept {
  if constexpr (marks::kOn) marks::close(begin, bytes);
}

/// Memory that held large blocks is about to go back to the system, as it arrived.
HAK_INLINE void on_memory_return(std::byte* begin, std::size_t bytes) noexcept {
  if constexpr (marks::kOn) marks::forget(begin, bytes);
}

/// The same for a range that arrived with others.
HAK_INLINE void on_part_return(std::byte* begin, std::size_t bytes) noexcept {
  if constexpr (marks::kOn) marks::forget_part(begin, bytes);
}

/// A large block leaves the allocator.
template <class LargeT>
HAK_INLINE void on_large_alloc(const LargeT& block) noexcept {
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    if (!block.contains(block.user.address())) [[unlikely]] fail_registry(block.user.address());
  }
}

/// A large block comes back.
template <class LargeT>
HAK_INLINE void on_large_free(const LargeT& block) noexcept {
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    if (!block.contains(block.user.address())) [[unlikely]] fail_registry(block.user.address());
  }
}

/// A thread begins what it does rarely, or ends: nothing may have strayed into its own state.
template <class ThreadT>
HAK_INLINE void on_slow_operation(ThreadT& thread) noexcept {
  if constexpr (kOn.has(Check::kStateCanaries)) {
    if (!thread.canary_before.is_whole()) [[unlikely]] fail_state(thread.canary_before, "thread");
    if (!thread.canary_behind.is_whole()) [[unlikely]] fail_state(thread.canary_behind, "thread");
    auto& heap = *thread.heap;
    if (!heap.canary_before.is_whole()) [[unlikely]] fail_state(heap.canary_before, "heap");
    if (!heap.canary_behind.is_whole()) [[unlikely]] fail_state(heap.canary_behind, "heap");
  }
}

/// A thread leaves its heap behind; `defect` is what the heap's audit returns.
template <class HeapT, class Audit>
HAK_INLINE void on_thread_exit(const HeapT& heap, const Audit& audit) noexcept {
  if constexpr (kOn.has(Check::kSlabInvariants)) {
    const auto defect = audit(heap);
    if (defect != decltype(defect)::None) [[unlikely]] {
      fail_heap(static_cast<SlabDefectCode>(defect));
    }
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::hooks
