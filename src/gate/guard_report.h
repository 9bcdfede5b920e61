// Accesses that closed pages caught: in page mode's guard pages and freed blocks (HK109), and in
// large freed blocks, where a write is HK102. Called by api/ from the crash handler, on the
// faulting thread. Takes no lock of the heap's and allocates nothing.
#pragma once

#include "gate/checked_report.h"
#include "page_mode/guard_hit.h"
#include "ptr_trace/crash_handler.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// True when a fault at this address is ours: in page mode's space and not inside a live block, or
/// in a closed large block.
bool is_guard_hit(const Domain& domain, Address address) noexcept;

/// Ends the process with the finding. `own`: an instruction of HAKMEM's did it; then it is HK905,
/// since our records and the pages must have disagreed. Precondition: is_guard_hit().
[[noreturn]] void report_guard_hit(const Domain& domain, const MemoryFault& fault,
                                   bool own) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
