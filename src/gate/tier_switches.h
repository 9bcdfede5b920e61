// Puts the options that switch parts of the allocator off into force. Called once by api/, at
// levels 1 to 4, while there is one thread.
#pragma once

#include "gate/domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// False when `remote` is neither queue nor direct. Blocks that `thread` has already stay where
/// they are.
bool apply_switches(Domain& domain, ThreadState& thread, const Options& options) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
