// What a program broke and never freed: at the process's end, and every `check_every` operations,
// every live block's canaries and every resting block's fill are checked. Called by api/ from the
// library's destructor, from _exit() and from fatal signals, and by operation.h; at level 4.
#pragma once

#include "gate/checked_report.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Checks all blocks and publishes up to kSweepFindingsMax findings; returns their number.
inline constexpr unsigned kSweepFindingsMax = 8;
unsigned sweep_at_exit(Domain& domain) noexcept;

/// The same wherever the process may end, also in a signal handler that interrupted the allocator:
/// what is locked, and stays so for a while, is left out, and a sweep inside a sweep does nothing.
void sweep_before_death(Domain& domain) noexcept;

/// The same in the middle of the program, at an operation. In a process that ends at the first
/// error the report has the operation's stack; else it has none, so that the next sweep's finding
/// of the same damage is a repeat.
HAK_COLD void sweep(Domain& domain, const Detection& detection) noexcept;

/// Publishes the blocks that nothing in writable memory, no register and no reachable block points
/// to, by the stack that allocated them; returns the number of such stacks. Conservative: any word
/// that could be a pointer counts, also into a block. Algorithm: mark, as H. Boehm and M. Weiser,
/// "Garbage Collection in an Uncooperative Environment" (1988).
unsigned search_leaks(Domain& domain) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
