#include "gate/resting.h"

#include "integrity/poison.h"
#include "os/os_guard.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// What a block costs where it rests.
std::size_t bytes_of(const CheckedBlock& block) noexcept {
  return static_cast<std::size_t>(block.end - block.front());
}

/// Opens a closed block again, empty. False: the system refuses, and the block stays as it is.
bool try_reopen(const CheckedBlock& block) noexcept {
  LargeBlock& large = *block.large;
  // A mapping is about to be unmapped.
  if (large.origin == LargeOrigin::Run && !os::make_writable(large.base, large.bytes)) return false;
  block.record->closed = false;
  return true;
}

/// Ends a closed block's rest. One that cannot be opened is never used again: it faults for ever.
void let_closed_go(Domain& domain, ThreadState& thread, const CheckedBlock& block) noexcept {
  if (!try_reopen(block)) return block.record->publish(BlockState::Quarantined);
  trace(TraceKind::LetGo, reinterpret_cast<Address>(block.user), 0);
  block.record->publish(BlockState::Free);
  release(domain, thread, wild(block.user));
}

/// Ends a block's rest: checks it once more and gives it to the raw gate.
void let_go(Domain& domain, ThreadState& thread, const CheckedBlock& block,
            const Detection& detection) noexcept {
  if (block.record->closed) return let_closed_go(domain, thread, block);
  const Damage damage = check_fill(block);
  if (damage.found) {
    report_damage(domain, block, Violation::kWriteAfterFree, damage, detection);
    fill_freed(block.user, filled_bytes(block.record->request_bytes));
  }
  const Damage front = check_front(domain, block);
  if (front.found) {
    report_damage(domain, block, Violation::kUnderflow, front, detection);
    write_canaries(domain, block);
  }
  trace(TraceKind::LetGo, reinterpret_cast<Address>(block.user), 0);
  block.record->publish(BlockState::Free);
  release(domain, thread, wild(block.user));
}

/// Ends the rest of the oldest block in a quarantine that this thread owns.
void let_oldest_go(Domain& domain, ThreadState& thread, Quarantine& resting,
                   const Detection& detection) noexcept {
  const Address user = resting.pop().user;
  const CheckedBlock oldest = find_checked_block(domain, user);
  BlockState expected = BlockState::Quarantined;
  if (!oldest.record->try_take(expected)) report_handed_out_twice(domain, oldest, detection);
  let_go(domain, thread, oldest, detection);
}

/// Lets a block rest that fits the queue's limits.
void rest(Domain& domain, ThreadState& thread, const CheckedBlock& block, Quarantine& resting,
          const QuarantineLimits& limits, const Detection& detection) noexcept {
  const std::size_t bytes = bytes_of(block);
  while (resting.needs_room(bytes, limits)) let_oldest_go(domain, thread, resting, detection);
  resting.push({reinterpret_cast<Address>(block.user), bytes, block.record});
  block.record->publish(BlockState::Quarantined);
}

/// Lets a block rest whose fill would not cover it, or that is too large for the quarantine. A
/// template, because below level 4 heaps have no place for it. False: it cannot be closed.
template <class HeapT>
bool try_rest_closed(Domain& domain, ThreadState& thread, HeapT& heap, const CheckedBlock& block,
                     const Detection& detection) noexcept {
  if constexpr (kClosesLarge) {
    const QuarantineLimits& limits = domain.checks.closed;
    const bool is_for_it = block.large != nullptr && block.record->request_bytes > kFillBytesMax;
    if (!is_for_it || !heap.closed.admits(bytes_of(block), limits)) return false;
    LargeBlock& large = *block.large;
    block.record->closed = os::close_pages(large.base, large.bytes) != os::Closed::No;
    if (!block.record->closed) return false;
    rest(domain, thread, block, heap.closed, limits, detection);
    return true;
  }
  return false;
}

/// Ends the rest of all that rests in a heap which this thread owns.
template <class HeapT>
void let_all_go(Domain& domain, ThreadState& thread, HeapT& heap,
                const Detection& detection) noexcept {
  while (!heap.quarantine.empty()) let_oldest_go(domain, thread, heap.quarantine, detection);
  if constexpr (kClosesLarge) {
    while (!heap.closed.empty()) let_oldest_go(domain, thread, heap.closed, detection);
  }
}

}  // namespace

void lay_to_rest(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                 const Detection& detection) noexcept {
  const QuarantineLimits& limits = domain.checks.quarantine;
  if (!has_heap(domain, thread)) attach_thread(domain, thread);
  const bool can_rest = has_heap(domain, thread);
  if (!can_rest || !try_rest_closed(domain, thread, *thread.heap, block, detection)) {
    fill_freed(block.user, filled_bytes(block.record->request_bytes));
    const bool rests = kBuildChecks.has(Check::kQuarantine) && can_rest;
    if (rests && thread.heap->quarantine.admits(bytes_of(block), limits)) {
      thread.heap->quarantine.look_ahead();
      rest(domain, thread, block, thread.heap->quarantine, limits, detection);
    } else {
      let_go(domain, thread, block, detection);
    }
  }
  if (thread.exit_rounds >= kExitRoundsMax) detach_thread(domain, thread);
}

void let_rest_go(Domain& domain, ThreadState& thread, const Detection& detection) noexcept {
  if (has_heap(domain, thread)) {
    let_all_go(domain, thread, *thread.heap, detection);
  }
  HeapRegistry& registry = domain.slabs.registry;
  Heap* taken = nullptr;
  while (Heap* const idle = registry.try_acquire_idle()) {
    let_all_go(domain, thread, *idle, detection);
    idle->next_idle = taken;
    taken = idle;
  }
  while (taken != nullptr) {
    Heap* const following = taken->next_idle;
    registry.leave(*taken);
    taken = following;
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
