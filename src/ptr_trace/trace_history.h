// What the rings still know about one block's addresses: the program's calls, newest first. Called
// by the checked reports. Needs no lock and no heap: the other threads may go on.
#pragma once

#include "ptr_trace/stack_depot.h"
#include "ptr_trace/trace_ring.h"

namespace hakmem {

inline constexpr std::uint32_t kHistoryMax = 8;

/// The newest operations on a range of addresses.
struct TraceHistory {
  std::uint32_t count = 0;
  TraceEvent events[kHistoryMax];   ///< by operation number, the highest first
  std::uint64_t allocations = 0;    ///< of all that the rings know, those kept included
};

/// Fills `out` from every ring with the operations on blocks whose user address is in [begin, end).
void collect_history(const TraceRings& rings, Address begin, Address end,
                     TraceHistory& out) noexcept;

}  // namespace hakmem
