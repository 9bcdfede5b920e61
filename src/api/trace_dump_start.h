// The pointer trace as a file at the end of the process. Called by start_checks.cc, at level 4.
#pragma once

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Writes the file when an option, or HAKMEM_PTR_TRACE_DUMP=1, asks for it; once in a process.
void finish_trace_dump() noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
