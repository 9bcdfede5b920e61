// `hakmem replay --bisect-tier`: which part of the allocator does a failure need? Called by
// cmd_replay.cc.
#pragma once

#include "tools/replay.h"

namespace hakmem::tools {

/// Replays the list as it is, and with each part switched off in turn; prints a line for each and
/// which parts the failure needs. Returns 0 when it does not fail, else 89. A parallel list is
/// replayed several times each, because it may fail by chance. Throws CommandError: 64 at level 0,
/// which cannot be switched.
int bisect_tier(ReplayRequest request);

}  // namespace hakmem::tools
