// Counters of the allocator under test, when it is HAKMEM. Called by main after a run.
// Invariant: found at run time by name: the workload links to no allocator.
#pragma once

namespace hakmem::bench {

/// Prints `,"hakmem_stats":{…}` to standard output, or nothing when the process's malloc has no
/// hakmem_stats_get.
void print_allocator_stats();

}  // namespace hakmem::bench
