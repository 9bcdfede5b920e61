#include "gate/alloc_gate.h"

#include <cstring>

#include "gate/failure.h"
#include "superslab/park.h"
#include "superslab/refill.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Below level 3 this is where fail_alloc is asked: at the gate's slow half, which every allocation
/// then takes, once.
constexpr bool kFailsHere = kSwitchable && !kRecordLayout;

template <class SwitchesT>
bool is_off(const SwitchesT& switches, ClassIndex c) noexcept {
  return is_tiny(c) ? !switches.tiny : !switches.pool;
}

/// The class's tier is switched off: a block as large and as aligned from a tier above it.
/// (Templates, because level 0 has no use for them.)
template <class DomainT>
void* allocate_elsewhere(DomainT& domain, ThreadState& thread, ClassIndex c) noexcept {
  if (index_of(c) == 0) c = class_for(0);
  const std::size_t stride = stride_of(c), natural = stride & (~stride + 1);
  const std::size_t align = natural < kPageBytes ? natural : kPageBytes;
  for (std::size_t i = kTinyClassCount; is_tiny(c) && i < kClassCount; ++i) {
    const ClassIndex above = static_cast<ClassIndex>(i);
    if (is_off(domain.slabs.switches, above)) break;
    if (stride_of(above) % align != 0) continue;
    return allocate_class(domain, thread, *thread.heap->active[i], above);
  }
  bool zeroed;
  return allocate_large(domain, thread, usable_bytes(c),
                        align < kMinAlignBytes ? kMinAlignBytes : align, zeroed);
}

}  // namespace

void* allocate_slow(Domain& domain, ThreadState& thread, ClassIndex c) noexcept {
  hooks::on_slow_operation(thread);
  if constexpr (kSwitchable) {
    if (is_off(domain.slabs.switches, c)) return allocate_elsewhere(domain, thread, c);
  }
  if constexpr (kFailsHere) {
    if (domain.failures.due()) return note_failure(FailureReason::OutOfMemory);
  }
  const DirectScope direct(domain.slabs.switches, thread);
  if (!has_heap(domain, thread) && !attach_thread(domain, thread)) {
    return note_failure(FailureReason::OutOfMemory);
  }
  Heap& heap = *thread.heap;
  SlabBase block = refill(domain.slabs, heap, c);
  // What another tier keeps for reuse may be what is missing here.
  if (!block) {
    relieve_pressure(domain, thread);
    block = refill(domain.slabs, heap, c);
  }
  if constexpr (kSwitchable) {
    if (domain.slabs.switches.parks) park(domain.slabs, heap, index_of(c) == 0 ? class_for(0) : c);
  }
  if (thread.exit_rounds >= kExitRoundsMax) detach_thread(domain, thread);
  if (!block) return note_failure(FailureReason::OutOfMemory);
  return to_user(block).unsafe_bytes();
}

namespace {

/// Of its own, so that the pool tier's path above it keeps no frame.
HAK_NOINLINE void* allocate_large_unaligned(Domain& domain, ThreadState& thread,
                                            std::size_t request) noexcept {
  bool zeroed;
  return allocate_large(domain, thread, request, kMinAlignBytes, zeroed);
}

}  // namespace

void* allocate_above_tiny(Domain& domain, ThreadState& thread, std::size_t request) noexcept {
  if (request <= pool::kRequestMax) {
    const ClassIndex c = pool::class_of(request);
    return allocate_class(domain, thread, pool::active_slab(*thread.heap, c), c);
  }
  return allocate_large_unaligned(domain, thread, request);
}

void* allocate_large(Domain& domain, ThreadState& thread, std::size_t request, std::size_t align,
                     bool& zeroed) noexcept {
  hooks::on_slow_operation(thread);
  if constexpr (kFailsHere) {
    if (domain.failures.due()) return note_failure(FailureReason::OutOfMemory);
  }
  zeroed = false;
  if (request > kRequestMax) return note_failure(FailureReason::TooLarge);
  if (!domain.ensure_initialised()) return note_failure(FailureReason::OutOfMemory);
  LargeBlock* block = has_heap(domain, thread)
                          ? domain.large.allocate(request, align, thread.heap->held_large)
                          : domain.large.allocate(request, align);
  if (block == nullptr) {
    relieve_pressure(domain, thread);
    block = domain.large.allocate(request, align);
  }
  if (block == nullptr) return note_failure(FailureReason::OutOfMemory);
  zeroed = block->zeroed;
  return block->user.unsafe_bytes();
}

void* allocate_aligned(Domain& domain, ThreadState& thread, std::size_t align,
                       std::size_t request) noexcept {
  if (align <= kMinAlignBytes) return allocate(domain, thread, request);
  if (align <= kPageBytes && request <= pool::kRequestMax) {
    const std::size_t block_bytes = round_up(request + kOverheadBytes, align);
    for (std::size_t i = index_of(class_for(block_bytes)); i < kClassCount; ++i) {
      const ClassIndex c = static_cast<ClassIndex>(i);
      if (stride_of(c) % align != 0) continue;
      return allocate_class(domain, thread, *thread.heap->active[i], c);
    }
  }
  bool zeroed;
  return allocate_large(domain, thread, request, align, zeroed);
}

void* allocate_zeroed(Domain& domain, ThreadState& thread, std::size_t request) noexcept {
  bool zeroed = false;
  void* const user = request <= pool::kRequestMax
                         ? allocate(domain, thread, request)
                         : allocate_large(domain, thread, request, kMinAlignBytes, zeroed);
  if (user != nullptr && !zeroed) std::memset(user, 0, request);
  return user;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
