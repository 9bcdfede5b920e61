// The operating system that the explored heap runs on: one big reservation, handed out from its
// beginning, and set back after every schedule. Called by the workload and, through os/os.h, by the
// heap.
// Invariant: memory of the arena reads as zero until instrumented code writes it.
#pragma once

#include <cstddef>

namespace explore_heap {

/// How the system behaves towards the heap.
struct SystemTraits {
  bool scarce = false;            ///< address space is scarce: mappings come and go one by one
  bool refuses_big_maps = false;  ///< nothing of a gigabyte and more: the address map's radix form
  unsigned refusals = 0;          ///< so many mappings are refused in each schedule, then none
};

/// Reserves the arena and makes it state that is kept. Once.
void set_up_arena();
/// Gives everything back: the next program begins with a new heap.
void clear_arena();
void set_system(const SystemTraits& traits);
/// What was handed out so far stays; later schedules begin here.
void freeze_arena();
/// A schedule has ended: what it mapped is there to be mapped again.
void reset_arena();

}  // namespace explore_heap
