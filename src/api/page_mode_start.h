// Switches page mode on, and the watch over closed pages. Called once by start_checks(), level 4.
#pragma once

#include "api/process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Does what the options page, page_align and page_space_mib say; ends the process when one of
/// them is malformed. Precondition: the crash handler is installed, and there is one thread.
void start_page_mode(const Options& options) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
