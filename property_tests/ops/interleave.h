// Another order of a list's operations, drawn from a seed: what the list's threads could have done
// as well. Called by the fuzz targets, whose inputs hold a schedule seed beside the operations, and
// by `hakmem fuzz`, which writes finds down in the order that failed.
// Invariant: operations of one thread, and those on one slot, keep their order.
#pragma once

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// The list in the order of that schedule; seed 0 is the list's own. One seed, one order.
OperationList interleave(const OperationList& list, std::uint64_t schedule_seed);

}  // namespace hakmem::ops
