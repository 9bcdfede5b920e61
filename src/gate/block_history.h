// What the pointer trace adds to a finding: the calls on the block's addresses before and between
// those that the finding shows anyway. Called by checked_report.cc, under the reporter, at level 4.
#pragma once

#include "gate/checked_block.h"
#include "integrity/finding.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Fills finding.history; leaves it empty when the trace knows nothing more than the block's record
/// and the finding's `detected`, which must be there already.
void describe_history(const Domain& domain, const CheckedBlock& block, Finding& finding) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
