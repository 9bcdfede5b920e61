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

/// Takes a block whose record the caller made Busy, and whose canaries are whole.
void lay_to_rest(Domain& domain, ThreadState& thread, const CheckedBlock& block,
                 const Detection& detection) noexcept;

/// Memory was refused: ends the rest of all in this thread's heap and in those without a thread.
void let_rest_go(Domain& domain, ThreadState& thread, const Detection& detection) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
