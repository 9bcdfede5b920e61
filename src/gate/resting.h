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

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Ends the rest of a block that a quarantine of this thread gave up, with every check.
HAK_COLD void check_and_let_go(Domain& domain, ThreadState& thread, Address user,
                               const Detection& detection) noexcept;

/// Takes a block whose record the caller made Busy, and whose canaries are whole: one that is
/// large, or from a thread without a heap or a quarantine. For the others see laying_to_rest.h.
HAK_NOINLINE void lay_to_rest_slow(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                                   const Detection& detection) noexcept;

/// Memory was refused: ends the rest of all in this thread's heap and in those without a thread.
void let_rest_go(Domain& domain, ThreadState& thread, const Detection& detection) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
