#include "gate/checked_gate.h"

#include <bit>
#include <cstring>

#include "gate/checked_report.h"
#include "gate/failure.h"
#include "gate/laying_to_rest.h"
#include "gate/operation.h"
#include "integrity/poison.h"
#include "os/memory_marks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Fetches what a release will look at and fill, while the stack is captured.
HAK_INLINE void prefetch(const CheckedBlock& block) noexcept {
  if (!kBuildChecks.has(Check::kStacks) || block.record == nullptr) return;
  __builtin_prefetch(block.record, 1);
  prefetch_for_write(block.user - 1, static_cast<std::size_t>(block.end - block.user));
  __builtin_prefetch(block.end - 1, 1);
}

/// Fetches the block that the next allocation of this class will look at: it has rested for long.
HAK_INLINE void prefetch_next(const CheckedBlock& block) noexcept {
  if (!kBuildChecks.has(Check::kStacks) || block.slab == nullptr) return;
  const Address next = block.slab->free.address();
  if (next - block.slab->first_base() >= kGranuleBytes) return;  // the list ends, or is wreckage
  __builtin_prefetch(&record_of(*block.slab, block.slab->index_of_block(next)), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(next), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(next + kFrontBytes), 1);
}

/// What a freed block held is not, or may not be, as free left it.
HAK_COLD void look_closer(const Domain& domain, const CheckedBlock& block,
                          const Detection& detection) noexcept {
  const Damage damage = check_fill(block);
  if (damage.found) report_damage(domain, block, Violation::kWriteAfterFree, damage, detection);
}

/// What the block held when it was free must be as free left it.
HAK_INLINE void check_reused(const Domain& domain, const CheckedBlock& block,
                             const Detection& detection) noexcept {
  if (block.slab == nullptr) return;  // large memory may have gone back to the system meanwhile
  if (holds_fill(block.user, filled_bytes(block.record->request_bytes))) [[likely]] return;
  look_closer(domain, block, detection);
}

void* allocate_raw(Domain& domain, ThreadState& thread, const AllocRequest& request,
                   bool& zeroed) noexcept {
  zeroed = false;
  if (request.align > kMinAlignBytes) {
    return allocate_aligned(domain, thread, request.align, request.bytes);
  }
  if (request.bytes > pool::kRequestMax) {
    return allocate_large(domain, thread, request.bytes, kMinAlignBytes, zeroed);
  }
  return allocate(domain, thread, request.bytes);
}

/// A block of `before` requested bytes has `after` now; 0: it is not live.
void note_live(Domain& domain, ThreadState& thread, std::size_t before,
               std::size_t after) noexcept {
  const std::uint64_t change = std::uint64_t{after} - before;  // modulo 2^64
  if constexpr (!kTimeline) return;
  if (has_heap(domain, thread)) return thread.heap->live_bytes.add(change);
  domain.checks.shared_heapless_bytes.fetch_add(change, CounterOrders::kAny);
}

/// The program's call, with the request as the record has it.
HAK_INLINE void trace_operation(TraceKind kind, const CheckedBlock& block,
                                StackId stack) noexcept {
  trace(kind, reinterpret_cast<Address>(block.user),
        TraceEvent::detail_of(static_cast<std::uint32_t>(stack), block.record->request_bytes));
}

/// As records keep it: 0 for alignments that every block has anyway.
std::uint8_t align_log2_of(std::size_t align) noexcept {
  return align <= kMinAlignBytes ? 0 : static_cast<std::uint8_t>(std::countr_zero(align));
}

/// Of a release that is not as the allocation was in every respect: what is wrong with that; null
/// when nothing is.
HAK_COLD const char* difference_of(const BlockRecord& record, FreeRequest request) noexcept {
  const auto is_c = [](AllocKind kind) {
    return kind == AllocKind::Malloc || kind == AllocKind::Aligned;
  };
  const bool both_c = is_c(record.kind) && is_c(request.kind);
  if (!both_c && record.kind != request.kind) {
    if (is_c(request.kind)) return "A block made by operator new was given to free().";
    if (is_c(record.kind)) return "A block made by malloc() was given to operator delete.";
    return "operator new and operator delete differ in [].";
  }
  if (!both_c && record.align_log2 != align_log2_of(request.align)) {
    return "The alignments given to operator new and operator delete differ.";
  }
  if (request.sized && request.bytes != record.request_bytes) {
    return "The size given to the release is not the size that was allocated.";
  }
  return nullptr;
}

/// What is wrong with how a block is released; null when nothing is.
HAK_INLINE const char* mismatch_of(const BlockRecord& record,
                                   const FreeRequest& request) noexcept {
  if constexpr (!kBuildChecks.has(Check::kKinds)) return nullptr;
  const bool as_made = record.kind == request.kind && record.align_log2 == 0 &&
                       request.align <= kMinAlignBytes &&
                       (!request.sized || request.bytes == record.request_bytes);
  return as_made ? nullptr : difference_of(record, request);
}

/// At least one is damaged.
HAK_COLD void repair_canaries(const Domain& domain, const CheckedBlock& block,
                              const Detection& detection) noexcept {
  const Damage front = check_front(domain, block);
  if (front.found) report_damage(domain, block, Violation::kUnderflow, front, detection);
  const Damage tail = check_tail(domain, block);
  if (tail.found) report_damage(domain, block, Violation::kOverflow, tail, detection);
  if (front.found || tail.found) write_canaries(domain, block);
}

/// Both canaries of a block that its owner has taken; whole when this returns.
HAK_INLINE void check_canaries(const Domain& domain, const CheckedBlock& block,
                               const Detection& detection) noexcept {
  if (!holds_canaries(domain, block)) [[unlikely]] repair_canaries(domain, block, detection);
}

/// A raw block; when the system refuses, a second try with what rested in quarantines.
void* allocate_or_make_room(Domain& domain, ThreadState& thread, const AllocRequest& request,
                            const Detection& detection, bool& zeroed) noexcept {
  void* const user = allocate_raw(domain, thread, request, zeroed);
  if (user != nullptr) return user;
  let_rest_go(domain, thread, detection);
  return allocate_raw(domain, thread, request, zeroed);
}

/// The block that an allocation gets: on pages of its own in page mode, while its budget lasts.
/// Without a record when the system refuses.
CheckedBlock obtain(Domain& domain, ThreadState& thread, const AllocRequest& request,
                    const Detection& detection, bool& zeroed) noexcept {
  if (PageBlock* const page = domain.pages.allocate(request.bytes, request.align)) {
    zeroed = !page->dirty;
    return checked_block_of(*page);
  }
  void* const user = allocate_or_make_room(domain, thread, request, detection, zeroed);
  if (user == nullptr) return {};
  return find_checked_block(domain, wild(user).address());
}

/// What a tool that watches the program's accesses is told of a block.
void mark_live(const CheckedBlock& block, bool zeroed) noexcept {
  if constexpr (marks::kOn) {
    marks::hand_out({block.front(), block.user, block.end, block.record->request_bytes}, zeroed);
  }
}
void mark_dead(const CheckedBlock& block) noexcept {
  if constexpr (marks::kOn) marks::take_back(block.user, block.record->request_bytes);
}

/// A block that the caller has taken stays, with another size; its new stack is the allocation's.
void* keep_resized(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                   std::size_t bytes, const Operation& operation) noexcept {
  BlockRecord& record = *block.record;
  note_live(domain, thread, record.request_bytes, bytes);
  record.request_bytes = bytes;
  record.allocated_at = operation.intern(domain, thread);
  record.allocated_sequence = operation.detection.sequence;
  trace_operation(TraceKind::Resize, block, record.allocated_at);
  write_canaries(domain, block);
  record.publish(BlockState::Live);
  return block.user;
}

}  // namespace

namespace {

/// Makes a block that the raw gate gave the program's: it must be as its last owner left it.
HAK_INLINE void* hand_out(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                          const AllocRequest& request, bool zeroed,
                          const Operation& operation) noexcept {
  prefetch_next(block);
  BlockRecord& record = *block.record;
  BlockState state = record.state_and_mark();
  if (!is_unused(state) || !record.try_take(state)) {
    if constexpr (kBuildChecks.has(Check::kOwnership)) {
      report_handed_out_twice(domain, block, operation.detection);
    }
  }
  if (state == BlockState::Free) check_reused(domain, block, operation.detection);
  record.kind = request.kind;
  record.align_log2 = align_log2_of(request.align);
  record.request_bytes = request.bytes;
  note_live(domain, thread, 0, request.bytes);
  record.allocated_by = thread.thread_id;
  if constexpr (kBuildChecks.has(Check::kExitSweep)) record.seen_in = 0;
  record.allocated_at = operation.intern(domain, thread);
  if constexpr (kTimeline) record.allocated_sequence = operation.detection.sequence;
  trace_operation(TraceKind::Alloc, block, record.allocated_at);
  write_canaries(domain, block);
  if (request.zeroed && !zeroed) std::memset(block.user, 0, request.bytes);
  mark_live(block, request.zeroed);
  record.publish(BlockState::Live);
  return block.user;
}

}  // namespace

void* checked_allocate(Domain& domain, ThreadState& thread, const AllocRequest& request) noexcept {
  if (request.bytes > kRequestMax) return note_failure(FailureReason::TooLarge);
  const marks::OwnAccess own;
  if (!domain.ensure_initialised()) return note_failure(FailureReason::OutOfMemory);
  if (domain.failures.due()) [[unlikely]] return note_failure(FailureReason::OutOfMemory);
  const Operation operation(domain, thread, request.caller);
  bool zeroed;
  const CheckedBlock block = obtain(domain, thread, request, operation.detection, zeroed);
  if (block.record == nullptr) return nullptr;
  return hand_out(domain, thread, block, request, zeroed, operation);
}

void* checked_allocate_plain(Domain& domain, ThreadState& thread, std::size_t bytes,
                             AllocKind kind, Address caller) noexcept {
  const bool usual = bytes <= tiny::kRequestMax && !domain.failures.on() && !domain.pages.is_on();
  if (usual) [[likely]] {
    Slab& slab = tiny::active_slab(*thread.heap, tiny::class_of(bytes));
    if (slab.free) [[likely]] {
      const marks::OwnAccess own;
      const Operation operation(domain, thread, caller);
      const Address user = reinterpret_cast<Address>(try_allocate(slab));
      const std::size_t index = slab.divisor.quotient(user - slab.records.first_base);
      const CheckedBlock block = checked_block_at(slab, index, user);
      return hand_out(domain, thread, block, {.bytes = bytes, .kind = kind}, false, operation);
    }
  }
  return checked_allocate(domain, thread, {.bytes = bytes, .kind = kind, .caller = caller});
}

namespace {

HAK_INLINE void release_block(Domain& domain, ThreadState& thread, WildPtr pointer,
                              const FreeRequest& request) noexcept {
  if (!pointer) return;
  const marks::OwnAccess own;
  const CheckedBlock block = find_checked_block(domain, pointer.address());
  prefetch(block);
  if constexpr (marks::kOn) {
    if (block.record == nullptr && marks::try_release_foreign(pointer.unsafe_bytes())) return;
  }
  const Operation operation(domain, thread, request.caller);
  if (block.record == nullptr) {
    return report_wild_free(domain, pointer.address(), operation.detection);
  }
  BlockRecord& record = *block.record;
  BlockState state = BlockState::Live;
  if (!record.try_take(state)) {
    if (state == BlockState::Fresh) {
      return report_wild_free(domain, pointer.address(), operation.detection);
    }
    if constexpr (!kBuildChecks.has(Check::kBlockState)) return;
    return report_double_free(domain, block, operation.detection);
  }
  const char* const mismatch = mismatch_of(record, request);
  if (mismatch != nullptr) report_mismatch(domain, block, operation.detection, mismatch);
  check_canaries(domain, block, operation.detection);
  mark_dead(block);
  note_live(domain, thread, record.request_bytes, 0);
  record.freed_by = thread.thread_id;
  record.freed_at = operation.intern(domain, thread);
  if constexpr (kTimeline) record.freed_sequence = operation.detection.sequence;
  trace_operation(TraceKind::Free, block, record.freed_at);
  if (block.is_page()) return domain.pages.release(*block.page);
  lay_to_rest(domain, thread, block, operation.detection);
}

}  // namespace

void checked_release(Domain& domain, ThreadState& thread, WildPtr pointer,
                     const FreeRequest& request) noexcept {
  release_block(domain, thread, pointer, request);
}

void checked_release_plain(Domain& domain, ThreadState& thread, WildPtr pointer, AllocKind kind,
                           Address caller) noexcept {
  release_block(domain, thread, pointer, {.kind = kind, .caller = caller});
}

void* checked_reallocate(Domain& domain, ThreadState& thread, WildPtr pointer,
                         const AllocRequest& request) noexcept {
  if (request.bytes > kRequestMax) return note_failure(FailureReason::TooLarge);
  const marks::OwnAccess own;
  const CheckedBlock block = find_checked_block(domain, pointer.address());
  if constexpr (marks::kOn) {
    void* moved = nullptr;
    const bool foreign = block.record == nullptr;
    if (foreign && marks::try_reallocate_foreign(pointer.unsafe_bytes(), request.bytes, moved)) {
      return moved;
    }
  }
  BlockState state = BlockState::Live;
  if (block.record == nullptr || !block.record->try_take(state)) {
    const Operation operation(domain, thread, request.caller);
    report_bad_realloc(domain, pointer.address(), "realloc", operation.detection);
    return note_failure(FailureReason::OutOfMemory);
  }
  BlockRecord& record = *block.record;
  const std::size_t old_bytes = record.request_bytes;
  const FreeRequest as_free{.kind = AllocKind::Malloc, .caller = request.caller};
  if (const char* const mismatch = mismatch_of(record, as_free)) {
    const Operation operation(domain, thread, request.caller);
    report_mismatch(domain, block, operation.detection, mismatch);
    record.kind = AllocKind::Malloc;  // as what it is released from now on
    record.align_log2 = 0;
  }
  // Under marks every block moves: an old address is a dangling one at once.
  if (!marks::kOn && block.large != nullptr && request.bytes > pool::kRequestMax) {
    const Operation operation(domain, thread, request.caller);
    check_canaries(domain, block, operation.detection);
    if (domain.large.try_resize(*block.large, request.bytes)) {
      const CheckedBlock resized = checked_block_of(*block.large);
      return keep_resized(domain, thread, resized, request.bytes, operation);
    }
  }
  const std::size_t room = static_cast<std::size_t>(block.end - block.user) - kTailBytes;
  const bool stays = !block.is_page() && request.bytes <= room && request.bytes >= room / 2;
  if (!marks::kOn && stays) {
    const Operation operation(domain, thread, request.caller);
    check_canaries(domain, block, operation.detection);
    return keep_resized(domain, thread, block, request.bytes, operation);
  }
  record.publish(BlockState::Live);
  void* const moved = checked_allocate(domain, thread, request);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block.user, old_bytes < request.bytes ? old_bytes : request.bytes);
  checked_release(domain, thread, pointer, as_free);
  return moved;
}

std::size_t checked_usable_size(Domain& domain, WildPtr pointer, Address caller) noexcept {
  const marks::OwnAccess own;
  const CheckedBlock block = find_checked_block(domain, pointer.address());
  if constexpr (marks::kOn) {
    const std::size_t foreign =
        block.record == nullptr ? marks::foreign_usable_size(pointer.unsafe_bytes()) : 0;
    if (foreign != 0) return foreign;
  }
  if (block.record != nullptr && block.record->state() == BlockState::Live) {
    return block.record->request_bytes;
  }
  StackTrace stack;
  stack.count = 1;
  stack.pcs[0] = caller;
  report_bad_realloc(domain, pointer.address(), "malloc_usable_size",
                     {static_cast<std::uint32_t>(os::thread_id()), 0, &stack});
  return 0;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
