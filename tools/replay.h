// Executes an operation file on a malloc library, in a process of its own, and says how it ended.
// Called by cmd_replay.cc. Invariant: however the process ends, the answer names the operation that
// it was at.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "property_tests/ops/operation.h"
#include "property_tests/ops/schedule.h"

namespace hakmem::tools {

/// What is to be executed, and on what.
struct ReplayRequest {
  std::filesystem::path file;  ///< as typed, for messages
  ops::OperationList list;
  int level = 4;
  std::string malloc_library;         ///< another malloc than ours; empty: that of `level`
  std::optional<std::uint64_t> until;  ///< the last operation to execute
  bool parallel = false;
  bool misuse = false;                ///< execute misuse though the file expects no finding
  std::string output_folder;          ///< as `hakmem run -o`
  std::string options;                ///< run-time options, as `hakmem run --options`
  std::string observed_file;          ///< one byte for each operation; empty: not wanted
  double timeout_seconds = 0;         ///< 0: none
  bool quiet = false;                 ///< the process's own output is dropped
};

struct ReplayResult {
  int exit_status = 0;           ///< 0 clean; 89 a finding of the oracle; else as `hakmem run`
  int id = 0;                    ///< 101 when HK101 was reported; 0: nothing was
  std::optional<std::uint64_t> operation;  ///< the last one begun
  std::string what;              ///< a phrase: "clean", "HK101 double free", "signal 11", …
  std::uint64_t executed = 0;    ///< known when the run came to its end
  std::uint64_t skipped = 0;
};

/// Throws CommandError when nothing could be run.
ReplayResult replay(const ReplayRequest& request);

/// The shell command that executes the same again, up to the operation that a result names.
std::string replay_command(const ReplayRequest& request, const ReplayResult& result);

}  // namespace hakmem::tools
