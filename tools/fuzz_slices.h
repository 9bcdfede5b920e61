// A fuzzing run of a fixed number of executions, cut into slices that any machine may take: each is
// a fuzzer of its own with its own seed, from the same corpus. Called by cmd_fuzz.cc. Invariant: a
// slice depends on its number alone, so that shards, merged, are the unsharded run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/gate_result.h"
#include "tools/shard.h"

namespace hakmem::tools {

/// Executions of one slice; the last of a run may be shorter.
inline constexpr std::uint64_t kSliceRuns = 50'000;

struct SlicedFuzz {
  std::string kind;                      ///< as --kind has it
  std::filesystem::path program;         ///< the fuzzer
  std::string target;                    ///< --target; empty: none
  std::vector<std::string> environment;  ///< NAME=value, added
  std::filesystem::path corpus;          ///< is read and left as it is; empty: none
  std::filesystem::path artifacts;       ///< where finds go
  std::filesystem::path scratch;         ///< for what slices find worth keeping; thrown away
  std::uint64_t runs = 0, seed = 1;
  Shard shard;
  unsigned jobs = 1;
};

/// Runs the shard's slices and tells of each on standard error. Throws as run_checks.
GateResult run_slices(const SlicedFuzz& fuzz);

}  // namespace hakmem::tools
