// How much memory an instance has live, taken and resting, for the memory timeline. Called by each
// operation that is due for a sample, and by the report. Level 4 only; below, nothing is ever due.
// Invariant: waits for no lock, so it may run where any lock of ours is held.
#pragma once

#include "gate/domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Counts at this moment; false when a lock that it needs is held.
bool try_measure(Domain& domain, MemorySample& out) noexcept;

/// Adds this moment to the timeline, or leaves it out when a lock is held.
HAK_COLD void take_sample(Domain& domain) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
