// The file that a recorder fills and `hakmem record` reads: operations in the binary form behind a
// page of state. Shared memory, so that what was recorded outlives the program, however it dies.
// Invariant: the first `bytes` bytes of data are whole operations.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hakmem::ops {

struct RecordState {
  std::atomic<std::int32_t> pid;        ///< who records; 0: nobody yet
  std::atomic<std::uint32_t> full;      ///< 1: it ended early, the disk or a table was full
  std::atomic<std::uint64_t> bytes;     ///< of data
  std::atomic<std::uint64_t> unknown;   ///< releases of blocks whose allocation was not seen
};

inline constexpr std::size_t kRecordStateBytes = 4096;
static_assert(sizeof(RecordState) <= kRecordStateBytes);

/// Environment variable that names the file.
inline constexpr const char* kRecordVariable = "HAKMEM_RECORD";

}  // namespace hakmem::ops
