// What happened to the block that contains an address, from report.json and the pointer trace of
// one process. Called by cmd_history.cc. Pure. Invariant: newest first; what both sources know is
// said once; nothing is said of blocks elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/report_model.h"
#include "tools/trace_file.h"

namespace hakmem::tools {

/// One step of a life. Of the program's calls `bytes` is the request.
struct LifeStep {
  std::string what;
  std::uint64_t sequence = 0;
  std::uint64_t thread_id = 0;
  std::string thread_name;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::string detail;         ///< of the allocator's steps, "" for calls
  std::vector<Frame> stack;   ///< innermost first; empty: unknown
};

/// The block of `user`, `request_bytes` long when it was last allocated, and what is known of it.
struct BlockLife {
  std::uint64_t user = 0;
  std::uint64_t request_bytes = 0;
  std::vector<LifeStep> steps;  ///< newest first
};

/// The life of the block that contains `address`, or that it is nearest to within kNearBytes. From
/// the findings of one process, and its trace when there is one. With `all` also the allocator's
/// own steps. None: nothing is known.
inline constexpr std::uint64_t kNearBytes = 64;
std::optional<BlockLife> find_life(std::uint64_t address, const std::vector<Finding>& findings,
                                   const TraceFile* trace, bool all);

/// For people.
std::string render_life(const BlockLife& life, std::uint64_t address);

}  // namespace hakmem::tools
