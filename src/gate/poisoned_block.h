// The freed block that a crash on a poison pattern (HK108) came from, if what the faulting code
// held shows it. Called by api/'s crash report, in a signal handler, on the faulting thread: takes
// no lock, allocates nothing. Levels from 3 on, whose freed blocks have records and a fill.
// Invariant: a block is named only if it is freed and still reads as its fill where it is pointed
// to: what a program loads from there is the pattern that it crashed on.
#pragma once

#include "gate/checked_report.h"
#include "ptr_trace/crash_handler.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Describes the first such block in the finding, with who allocated and freed it, and says in the
/// sentence what points to it. With several such blocks, or one that only the stack points to, the
/// finding's confidence is "medium".
void describe_poisoned_block(const Domain& domain, const PoisonCrash& crash,
                             Finding& finding) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
