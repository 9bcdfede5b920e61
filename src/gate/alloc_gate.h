// The only size comparison: which tier serves a request. Called by api/ (through gate.h) and by the
// other gates. Precondition of everything here: nothing; a request may be any number.
#pragma once

#include "gate/thread_lifecycle.h"
#include "integrity/hooks.h"
#include "pool/pool_alloc.h"
#include "tiny/tiny_alloc.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The fast path missed: a block of class `c`, by refill. Null: the system refuses memory.
HAK_NOINLINE void* allocate_slow(Domain& domain, ThreadState& thread, ClassIndex c) noexcept;

/// A request above the tiny tier. Null: too large, or the system refuses memory.
HAK_NOINLINE void* allocate_above_tiny(Domain& domain, ThreadState& thread,
                                       std::size_t request) noexcept;

/// A request of the large tier; `zeroed` tells whether every byte reads as zero.
void* allocate_large(Domain& domain, ThreadState& thread, std::size_t request, std::size_t align,
                     bool& zeroed) noexcept;

/// A block at a multiple of `align`, a power of two. Null: too large, or refused.
void* allocate_aligned(Domain& domain, ThreadState& thread, std::size_t align,
                       std::size_t request) noexcept;

/// A block of `request` zero bytes.
void* allocate_zeroed(Domain& domain, ThreadState& thread, std::size_t request) noexcept;

/// One pop; null when the slab's list is empty.
HAK_INLINE void* try_allocate(Slab& slab) noexcept {
  const SlabBase block = slab.try_pop();
  if (!block) [[unlikely]] return nullptr;
  hooks::on_alloc_return(slab, block);
  return to_user(block).unsafe_bytes();
}

/// A tiny request by one pop; null when it is no tiny one, or the slow half is needed.
HAK_INLINE void* try_allocate_tiny(ThreadState& thread, std::size_t request) noexcept {
  if (request > tiny::kRequestMax) [[unlikely]] return nullptr;
  return try_allocate(tiny::active_slab(*thread.heap, tiny::class_of(request)));
}

/// A block of class `c` from its active slab: one pop, or the slow half.
HAK_INLINE void* allocate_class(Domain& domain, ThreadState& thread, Slab& slab,
                                ClassIndex c) noexcept {
  if (void* const user = try_allocate(slab)) [[likely]] return user;
  return allocate_slow(domain, thread, c);
}

/// A block of at least `request` usable bytes, 16-byte aligned. Null: too large, or refused.
HAK_INLINE void* allocate(Domain& domain, ThreadState& thread, std::size_t request) noexcept {
  if (request <= tiny::kRequestMax) [[likely]] {
    const ClassIndex c = tiny::class_of(request);
    return allocate_class(domain, thread, tiny::active_slab(*thread.heap, c), c);
  }
  return allocate_above_tiny(domain, thread, request);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
