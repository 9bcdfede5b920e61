// A program run against the real heap: the code that the explorer explores. Called by main.cc; the
// implementation and all of the heap below it are instrumented.
// Invariant: between two schedules the heap is as prepare() left it.
#pragma once

#include "explore/heap/program.h"

namespace explore_heap {

/// Makes the heap that the program starts from. On the host.
void prepare(const Program& program);

/// One schedule: starts the program's threads, and audits the heap when they have ended.
void run_program(void* program);

}  // namespace explore_heap
