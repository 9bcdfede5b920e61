// What a checked block does between its free and its reuse: it rests, filled or with closed pages,
// in a queue of its heap, and is looked at once more when it leaves. Called by the checked gate.
// Invariant: a block that rests is Quarantined, and counted as used by its slab or the large tier.
//
//   up to 256 KiB   filled with kFreedByte; its memory is the quarantine's budget
//   above, level 4  its pages are closed and given back: a touch faults, see guard_report.h. In a
//                   queue of their own; what the system will not close is filled like the others
#pragma once

#include "gate/checked_report.h"
#include "gate/free_gate.h"
#include "gate/thread_lifecycle.h"
#include "integrity/poison.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The fill is checked when a block leaves its rest, too: see let_oldest_go().
inline constexpr bool kLooksAtAllThatLeaves = kBuildChecks.has(Check::kExitSweep);

/// What a block costs where it rests.
HAK_INLINE std::size_t bytes_of(const CheckedBlock& block) noexcept {
  return static_cast<std::size_t>(block.end - block.front());
}

/// Ends the rest of a block that a quarantine of this thread gave up, with every check.
HAK_COLD void check_and_let_go(Domain& domain, ThreadState& thread, Address user,
                               const Detection& detection) noexcept;

/// True when all is well with a block that is about to leave its rest. At level 3 the fill is left
/// to the check on reuse; the front canary, which the list's link overwrites, is looked at here.
HAK_INLINE bool is_whole(const Domain& domain, const Quarantine::Entry& resting) noexcept {
  const BlockRecord& record = *resting.record;
  const std::byte* const user = reinterpret_cast<const std::byte*>(resting.user);
  if (record.state() != BlockState::Quarantined || record.closed) return false;
  if (!holds_front(user, pattern_for(domain, user), resting.header())) return false;
  return !kLooksAtAllThatLeaves || holds_fill(user, filled_bytes(record.request_bytes));
}

/// Ends the rest of the oldest block in a quarantine that this thread owns. Nobody else changes a
/// block that rests, so that no exchange is needed.
HAK_INLINE void let_oldest_go(Domain& domain, ThreadState& thread, Quarantine& resting,
                              const Detection& detection) noexcept {
  const Quarantine::Entry oldest = resting.pop();
  if constexpr (kLooksAtAllThatLeaves) resting.look_ahead();
  if (!is_whole(domain, oldest)) [[unlikely]] {
    return check_and_let_go(domain, thread, oldest.user, detection);
  }
  trace(TraceKind::LetGo, oldest.user, 0);
  oldest.record->publish(BlockState::Free);
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

/// lay_to_rest() of what is large, or in a thread without a heap or a quarantine.
HAK_NOINLINE void lay_to_rest_slow(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                                   const Detection& detection) noexcept;

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

/// Memory was refused: ends the rest of all in this thread's heap and in those without a thread.
void let_rest_go(Domain& domain, ThreadState& thread, const Detection& detection) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
