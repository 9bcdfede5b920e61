// What a program broke and never freed: at the process's end every live block's canaries and every
// resting block's fill are checked. Called by api/ from the library's destructor, at level 4.
#pragma once

#include "gate/domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Checks all blocks and publishes up to kSweepFindingsMax findings; returns their number.
inline constexpr unsigned kSweepFindingsMax = 8;
unsigned sweep_at_exit(Domain& domain) noexcept;
/// The same in the handler of a signal that ends the process: waits for no lock of the heap's.
unsigned sweep_at_signal(Domain& domain) noexcept;

/// Publishes the blocks that nothing in writable memory, no register and no reachable block points
/// to, by the stack that allocated them; returns the number of such stacks. Conservative: any word
/// that could be a pointer counts, also into a block. Algorithm: mark, as H. Boehm and M. Weiser,
/// "Garbage Collection in an Uncooperative Environment" (1988).
unsigned search_leaks(Domain& domain) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
