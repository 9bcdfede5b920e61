// The process's one allocator and each thread's state: the only globals there are. Called by the
// files of api/. Invariant: valid before the first constructor and after the last destructor.
#pragma once

#include "gate/failure.h"
#include "gate/gate.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

extern HAK_HIDDEN constinit Domain process_domain;
extern thread_local constinit HAK_TLS_INITIAL_EXEC HAK_HIDDEN ThreadState this_thread;
/// Options in force; defaults until the library's constructor has read the environment.
extern HAK_HIDDEN constinit Options process_options;

/// The cold half of free() for the process: both globals are found there, not on the fast path.
struct ProcessColdRelease {
  static HAK_NOINLINE void release(WildPtr pointer) noexcept;
  static HAK_NOINLINE void retire(Slab& slab) noexcept;
};

/// Failures so far, by FailureReason.
std::uint64_t failures_noted(FailureReason reason) noexcept;

/// What each level starts beyond the allocator itself; called once by the constructor.
void start_checks(const Options& options) noexcept;
/// Level 4's part of it: finds the C library's memory and string functions and checks calls of them
/// from now on. While there is one thread.
void start_library_calls(const Options& options) noexcept;
/// What the checks must forget in a child after fork.
void checks_after_fork() noexcept;
/// The checks at the end of the process; called by the destructor.
void finish_checks() noexcept;
/// The same for an end without destructors: async-signal-safe, waits for no lock of the heap's, and
/// does nothing in a child that shares its parent's memory. Returns the code to end with.
int finish_at_once(int code) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
