// What the library libapi_early.so allocates in its constructor, for life cycle checks.
// Included by early.cc and lifecycle.cc.
#pragma once

#include <cstddef>

namespace hakmem::stress {

inline constexpr std::size_t kEarlyBlocks = 200;
extern void* early_blocks[kEarlyBlocks];

/// Size of block `index`: all tiers, up to 1.6 MB.
constexpr std::size_t early_bytes(std::size_t index) { return index * index * 40 + 1; }

}  // namespace hakmem::stress
