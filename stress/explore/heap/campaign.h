// Programs of several families under one strategy, by several processes at a time. Called by
// main.cc. Invariant: shards and jobs split the programs, never the seeds of one program, so that a
// finding is the same however the work was split.
#pragma once

#include <vector>

#include "explore/heap/options.h"
#include "explore/heap/program.h"

namespace explore_heap {

/// Which part of the programs is to be run.
struct Shard {
  std::uint64_t index = 0, count = 1;
};

/// From "K/N" with 1 <= K <= N. False: it is not that.
bool parse_shard(const std::string& text, Shard& shard);

/// Programs `first` to `first + programs - 1` of each of these families. Returns the exit status.
int run_campaign(const Options& options, const std::vector<Family>& families, std::uint64_t first,
                 std::uint64_t programs);

}  // namespace explore_heap
