// Operations as the interpreter reads them, in a file that is mapped: no parser, no heap.
// Written by `hakmem replay` in a folder of its own for the runner that it starts; never kept.
// Invariant: both sides are of one build; the header's size says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <span>

#include "property_tests/ops/operation.h"
#include "property_tests/ops/schedule.h"

namespace hakmem::ops {

struct PackedHeader {
  static constexpr std::uint64_t kMagic = 0x31444b504b48u;
  std::uint64_t magic = kMagic;
  std::uint64_t operation_bytes = sizeof(Operation);
  std::uint64_t count = 0;
  std::uint64_t seed = 0;
  std::uint64_t until = UINT64_MAX;
  std::uint64_t small_align = 16;
  Schedule schedule = Schedule::Ordered;
  bool misuse = false;
  char command[512] = {};  ///< what a person types to see it again
};

/// How far a run came, in a file that its parent maps as well: it outlives the run.
struct Progress {
  std::atomic<std::uint64_t> at[kThreadMax];  ///< a thread's operation plus one; 0: none
  Finding finding;
  RunCounts counts;
  bool finished;
};

/// Maps a packed file; empty when it is none. Stays mapped.
const PackedHeader* map_packed(const char* path, std::span<const Operation>& operations) noexcept;

/// Writes a packed file; false when that failed.
bool write_packed(const std::filesystem::path& path, PackedHeader header,
                  std::span<const Operation> operations);

/// Maps the file of a run's progress for reading and writing, made when it is not there; null when
/// that failed. Stays mapped.
Progress* map_progress(const char* path) noexcept;

}  // namespace hakmem::ops
