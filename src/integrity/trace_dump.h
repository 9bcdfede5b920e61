// The pointer trace of all threads as JSON lines, merged by time (docs/TRIAGE.md has the form).
// Called by api/ at the process's end, at level 4. Needs no lock and no heap: other threads may go
// on meanwhile, and what they overwrite is left out.
#pragma once

#include "ptr_trace/stack_depot.h"
#include "ptr_trace/trace_ring.h"

namespace hakmem {

/// Changes when a key changes its meaning or goes.
inline constexpr int kTraceDumpVersion = 2;

/// Writes everything that the rings know to `fd`. False when the descriptor refuses, or the system
/// refuses memory to work in.
bool write_trace_dump(int fd, const TraceRings& rings, const StackDepot& depot) noexcept;

}  // namespace hakmem
