// The two unwinders behind capture_stack(), each as a function that fills an array.
// Called by backtrace.cc. Neither allocates nor faults on intact unwind tables; both must be called
// before any lock of ours, because libunwind asks the loader on a cold cache.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "ptr_trace/placed_frame.h"

namespace hakmem {

/// Loads libunwind (nongnu) and fills both unwinders' caches. Allocates; call once at start-up.
void load_unwinders() noexcept;

/// libunwind's cached trace. 0 frames when the library is not there.
std::uint32_t unwind_cached(Address* pcs, std::uint32_t pcs_max) noexcept;

/// libgcc's table walk: no lock, no allocation, no state.
std::uint32_t unwind_tables(Address* pcs, std::uint32_t pcs_max) noexcept;

/// The same with the place of each return address. 0 frames when one was interrupted by a signal:
/// its pc lies in no such place.
std::uint32_t unwind_tables_placed(PlacedFrame* frames, std::uint32_t frames_max) noexcept;

/// From now on unwind_cached() gives nothing: its locks may be held by a thread that is gone.
void stop_cached_unwinder() noexcept;

}  // namespace hakmem
