// A part of a run that is spread over machines: K/N is every N-th unit from the K-th on. Called by
// gate, fuzz, mutants and the merge of their results. Invariant: the shards 1/N … N/N hold each
// unit once.
#pragma once

#include <cstdint>
#include <string>

namespace hakmem::tools {

struct Shard {
  std::uint64_t part = 1;  ///< 1 to `parts`
  std::uint64_t parts = 1;

  bool is_whole() const { return parts == 1; }
  bool holds(std::uint64_t unit) const { return unit % parts == part - 1; }
};

/// Reads "2/8". Throws CommandError (64).
Shard parse_shard(const std::string& text);

}  // namespace hakmem::tools
