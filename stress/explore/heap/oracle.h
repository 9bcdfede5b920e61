// What the heap must not do, whatever the schedule: hand out memory that is live or misaligned, or
// lose a block. Called by the workload on fibers. Its own state is invisible to the explorer: it
// is never instrumented and touches no atomic, so it neither orders threads nor races.
// Invariant: an interval is live from acquired() to released().
#pragma once

#include <cstddef>
#include <cstdint>

namespace explore_heap::oracle {

/// Nothing is live: a schedule begins.
void reset();

/// `block` of `bytes` was handed out. Ends the schedule if it overlaps a live one.
void acquired(const void* block, std::size_t bytes);
/// `block` is about to be freed. Ends the schedule if it is not live.
void released(const void* block);

/// Bytes of a live block, as asked for.
std::size_t bytes_of(const void* block);
std::size_t live_count();
/// Any live block; null when there is none.
void* any_live();

/// What the first and last words of a block hold from acquired() to released().
std::uint64_t stamp_of(const void* block);

}  // namespace explore_heap::oracle
