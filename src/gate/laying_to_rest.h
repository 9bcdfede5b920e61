// The usual way of a block to its rest and out of it, inlined into the checked gate's release: a
// block of a slab goes into the quarantine of its thread's heap, and the oldest one leaves.
// Called by checked_gate.cc and resting.cc. Invariant: as resting.h has it.
#pragma once

#include "gate/resting.h"
#include "integrity/poison.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The fill is checked when a block leaves its rest, too: see let_oldest_go().
inline constexpr bool kLooksAtAllThatLeaves = kBuildChecks.has(Check::kExitSweep);

/// What a block costs where it rests.
HAK_INLINE std::size_t bytes_of(const CheckedBlock& block) noexcept {
  return static_cast<std::size_t>(block.end - block.front());
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
  if constexpr (kLooksAtAllThatLeaves) resting.look_ahead();
  if (!is_whole(domain, oldest) || !try_end_rest(*oldest.record)) [[unlikely]] {
    return check_and_let_go(domain, thread, oldest.user, detection);
  }
  trace(TraceKind::LetGo, oldest.user, 0);
  release(domain, thread, wild(reinterpret_cast<std::byte*>(oldest.user)));
}

/// Lets a block rest that fits the queue's limits.
HAK_INLINE void rest(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                     Quarantine& resting, const QuarantineLimits& limits,
                     const Detection& detection) noexcept {
  const std::size_t bytes = bytes_of(block);
  while (resting.needs_room(bytes, limits)) let_oldest_go(domain, thread, resting, detection);
  // In this order: a thread that a fork cuts off in between loses the block, while one that is in
  // the queue without being Quarantined would look as if it had been handed out twice.
  block.record->publish(BlockState::Quarantined);
  const Address user = reinterpret_cast<Address>(block.user);
  resting.push(Quarantine::Entry::of(user, bytes, header_of(block), block.record));
}

/// Takes a block whose record the caller made Busy, and whose canaries are whole.
HAK_INLINE void lay_to_rest(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                            const Detection& detection) noexcept {
  const QuarantineLimits& limits = domain.checks.quarantine;
  const bool usual = kBuildChecks.has(Check::kQuarantine) && block.slab != nullptr &&
                     thread.exit_rounds < kExitRoundsMax;
  if (!usual || !thread.heap->quarantine.is_ready_for(bytes_of(block), limits)) [[unlikely]] {
    return lay_to_rest_slow(domain, thread, block, detection);
  }
  fill_freed(block.user, filled_bytes(block.record->request_bytes));
  rest(domain, thread, block, thread.heap->quarantine, limits, detection);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
