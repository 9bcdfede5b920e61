// Where the kernel leaves a core file, or why it leaves none. Called by cmd_run.cc for `--core`.
// Decides from settings, so that a test can give its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/resource.h>
#include <sys/types.h>

namespace hakmem::tools {

/// What the system says about cores.
struct CoreSettings {
  std::string pattern;            ///< /proc/sys/kernel/core_pattern
  bool appends_pid = false;       ///< core_uses_pid: when the pattern has no %p
  rlim_t limit_bytes = RLIM_INFINITY;
  std::filesystem::path folder;   ///< where the program runs, for a relative pattern
};

CoreSettings core_settings();

/// Raises this process's limit on cores, and so its children's, as far as it may.
void allow_cores();

/// The core that `pid` left after `since`; empty when there is none to be found.
std::optional<std::filesystem::path> find_core(const CoreSettings& settings, pid_t pid,
                                               std::filesystem::file_time_type since);

/// Why there is none, as a sentence with a remedy.
std::string why_no_core(const CoreSettings& settings);

}  // namespace hakmem::tools
