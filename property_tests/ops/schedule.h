// On which threads and in which order the operations of a list are executed.
// Called by the runner, stress, the property tests and the fuzz targets. Allocates nothing itself;
// a thread's creation allocates from the process's malloc, as it does in every program.
// Invariant: operations of one thread, and those on one slot, are executed in the list's order.
#pragma once

#include "property_tests/ops/interpreter.h"

namespace hakmem::ops {

enum class Schedule : std::uint8_t {
  Inline,   ///< all on the calling thread; the subject alone knows of threads
  Ordered,  ///< each on its thread, one after another as in the list: the same every time
  Parallel  ///< each thread by itself; a slot's next operation waits for the one before it
};

/// Executes all operations, ends all threads, then lets the interpreter finish.
void run(Interpreter& interpreter, Schedule schedule) noexcept;

/// Gives the calling thread a stack for signal handlers, unless it has one.
void use_signal_stack() noexcept;

}  // namespace hakmem::ops
