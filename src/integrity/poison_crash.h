// HK108: a crash whose registers hold the pattern of freed memory becomes a finding.
// Called once by api/ at start-up, at level 4.
#pragma once

#include "integrity/finding.h"
#include "ptr_trace/crash_handler.h"

namespace hakmem {

/// Adds what the heap knows of the block that the poison came from. In the signal handler.
using DescribePoisoned = void (*)(const PoisonCrash& crash, Finding& finding) noexcept;

/// Handles SIGSEGV and SIGBUS from now on; see ptr_trace/crash_handler.h for what is left alone.
/// Without `describe` reports name no block.
void install_crash_report(DescribePoisoned describe = nullptr) noexcept;

}  // namespace hakmem
