#include "gate/resting.h"

#include "integrity/poison.h"
#include "os/os_guard.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// The fill is checked when a block leaves its rest, too: see let_oldest_go().
constexpr bool kLooksAtAllThatLeaves = kBuildChecks.has(Check::kExitSweep);

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

/// Ends the rest of the oldest block in a quarantine that this thread owns, with every check.
HAK_NOINLINE void check_and_let_go(Domain& domain, ThreadState& thread, Address user,
                                   const Detection& detection) noexcept {
  const CheckedBlock oldest = find_checked_block(domain, user);
  BlockState expected = BlockState::Quarantined;
  if (!oldest.record->try_take(expected)) report_handed_out_twice(domain, oldest, detection);
  let_go(domain, thread, oldest, detection);
}

/// True when all is well with a block that is about to leave its rest. At level 3 the fill is left
/// to the check on reuse; the front canary, which the list's link overwrites, is looked at here.
HAK_INLINE bool is_whole(const Domain& domain, const Quarantine::Entry& resting) noexcept {
  const BlockRecord& record = *resting.record;
  const std::byte* const user = reinterpret_cast<const std::byte*>(resting.user);
  // Closed is what its own thread said; the state is believed at the end of the rest.
  if (record.closed) return false;
  if (!holds_front(user, pattern_for(domain, user), resting.header())) return false;
  return !kLooksAtAllThatLeaves || holds_fill(user, filled_bytes(record.request_bytes));
}

/// True when the rest of a whole block is over. At level 3 nobody else looks at one that rests, but
/// who reports a double free of it: no exchange is needed.
HAK_INLINE bool try_end_rest(BlockRecord& record) noexcept {
  if constexpr (kBuildChecks.has(Check::kExitSweep)) return record.try_end_rest();
  if (record.state_and_mark() != BlockState::Quarantined) return false;
  record.publish(BlockState::Free);
  return true;
}

/// Ends the rest of the oldest block in a quarantine that this thread owns.
HAK_INLINE void let_oldest_go(Domain& domain, ThreadState& thread, Quarantine& resting,
                              const Detection& detection) noexcept {
  const Quarantine::Entry oldest = resting.pop();
  if (!is_whole(domain, oldest) || !try_end_rest(*oldest.record)) [[unlikely]] {
    return check_and_let_go(domain, thread, oldest.user, detection);
  }
  trace(TraceKind::LetGo, oldest.user, 0);
  release(domain, thread, wild(reinterpret_cast<std::byte*>(oldest.user)));
}

/// Lets a block rest that fits the queue's limits.
void rest(Domain& domain, ThreadState& thread, const CheckedBlock& block, Quarantine& resting,
          const QuarantineLimits& limits, const Detection& detection) noexcept {
  const std::size_t bytes = bytes_of(block);
  while (resting.needs_room(bytes, limits)) let_oldest_go(domain, thread, resting, detection);
  // In this order: a thread that a fork cuts off in between loses the block, while one that is in
  // the queue without being Quarantined would look as if it had been handed out twice.
  block.record->publish(BlockState::Quarantined);
  const Address user = reinterpret_cast<Address>(block.user);
  resting.push(Quarantine::Entry::of(user, bytes, header_of(block), block.record));
}

/// Lets a large block rest among its like: at level 4 with closed pages, if its fill would not
/// cover it, and at level 3 filled. False: there is no place for it, or it cannot be closed.
bool try_rest_large(Domain& domain, ThreadState& thread, Heap& heap, const CheckedBlock& block,
                    const Detection& detection) noexcept {
  const QuarantineLimits& limits = domain.checks.resting_large;
  if (!heap.resting_large.admits(bytes_of(block), limits)) return false;
  if constexpr (kClosesLarge) {
    if (block.record->request_bytes <= kFillBytesMax) return false;
    LargeBlock& large = *block.large;
    block.record->closed = os::close_pages(large.base, large.bytes) != os::Closed::No;
    if (!block.record->closed) return false;
  } else {
    fill_freed(block.user, filled_bytes(block.record->request_bytes));
  }
  rest(domain, thread, block, heap.resting_large, limits, detection);
  return true;
}

/// Ends the rest of all that rests in a heap which this thread owns.
void let_all_go(Domain& domain, ThreadState& thread, Heap& heap,
                const Detection& detection) noexcept {
  while (!heap.quarantine.empty()) let_oldest_go(domain, thread, heap.quarantine, detection);
  while (!heap.resting_large.empty()) let_oldest_go(domain, thread, heap.resting_large, detection);
}

}  // namespace

void lay_to_rest(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                 const Detection& detection) noexcept {
  const QuarantineLimits& limits = domain.checks.quarantine;
  if (!has_heap(domain, thread)) attach_thread(domain, thread);
  const bool can_rest = has_heap(domain, thread);
  const bool may_be_apart = can_rest && block.large != nullptr;
  if (!may_be_apart || !try_rest_large(domain, thread, *thread.heap, block, detection)) {
    fill_freed(block.user, filled_bytes(block.record->request_bytes));
    const bool rests = kBuildChecks.has(Check::kQuarantine) && can_rest;
    if (rests && thread.heap->quarantine.admits(bytes_of(block), limits)) {
      if constexpr (kLooksAtAllThatLeaves) thread.heap->quarantine.look_ahead();
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
