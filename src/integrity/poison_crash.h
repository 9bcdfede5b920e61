// HK108: a crash whose registers hold the pattern of freed memory becomes a finding.
// Called once by api/ at start-up, at level 4.
#pragma once

namespace hakmem {

/// Handles SIGSEGV and SIGBUS from now on; see ptr_trace/crash_handler.h for what is left alone.
void install_crash_report() noexcept;

}  // namespace hakmem
