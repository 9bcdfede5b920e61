// What a check found, in plain data: everything the report needs, nothing it must look up.
// Filled by the checked gates and hooks, consumed by report.h. No pointers into the heap: the heap
// may be wreckage. Large (about 5 KiB): lives in static storage, one at a time under the reporter.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/violation.h"
#include "ptr_trace/backtrace.h"

namespace hakmem {

inline constexpr std::size_t kThreadNameMax = 16;
inline constexpr std::size_t kByteWindowMax = 64;
inline constexpr std::size_t kSentenceMax = 320;

/// One moment in a block's life.
struct FindingEvent {
  bool known = false;
  std::uint32_t thread_id = 0;             ///< kernel thread id
  char thread_name[kThreadNameMax] = {};   ///< empty when unknown
  std::uint64_t sequence = 0;              ///< operation number in the process, 0 unknown
  StackTrace stack{};                      ///< count 0 when unknown
};

/// Where the address lies, as far as the address map knows it.
struct FindingBlock {
  bool known = false;
  Address user = 0;             ///< first byte the program may use
  std::size_t request_bytes = 0;
  std::size_t stride_bytes = 0;
  std::uint32_t class_index = 0;    ///< 0 for large blocks
  std::uint32_t block_index = 0;    ///< in its slab
  Address slab = 0;                 ///< first byte of the slab's data, or of the large block
  Address superslab = 0;            ///< first byte of the SuperSlab's data, 0 for large blocks
  bool large = false;
  bool own_pages = false;       ///< page mode: whole pages with a closed one beside them
  const char* state = "";           ///< "live", "freed, in quarantine", "freed", "never allocated"
  const char* kind = "";            ///< "malloc", "new", "new[]", "aligned_alloc", …
};

/// A block beside the finding's, in its slab.
struct FindingNeighbour {
  bool known = false;
  Address user = 0;
  std::uint32_t block_index = 0;
  const char* state = "";           ///< as FindingBlock::state
  std::size_t request_bytes = 0;    ///< of its last allocation
  std::uint32_t thread_id = 0;      ///< who allocated it; 0: nobody did
  char thread_name[kThreadNameMax] = {};
};

/// A run of bytes that should have been otherwise.
struct FindingBytes {
  bool known = false;
  std::ptrdiff_t first_bad = 0;     ///< offset from the block's user address
  std::ptrdiff_t last_bad = 0;      ///< offset of the last wrong byte, inclusive
  std::uint8_t expected = 0;        ///< 0xa2 and the like; meaningless when keyed
  bool keyed = false;               ///< expected bytes are a per-process secret (canary)
  std::ptrdiff_t window_begin = 0;  ///< offset of window[0]
  std::uint32_t window_bytes = 0;
  std::uint8_t window[kByteWindowMax] = {};
};

/// When wrong bytes were written, as far as it is known: not before operation `after`, at which
/// they were whole, and before operation `before`, which found them.
struct FindingWindow {
  std::uint64_t after = 0;    ///< 0: nothing is known
  std::uint64_t before = 0;   ///< 0: the process's end found them
};

/// A library call that was not made, because it would have left its block.
struct FindingCall {
  bool known = false;
  const char* function = "";        ///< "memcpy"
  bool writes = false;              ///< else it reads
  std::ptrdiff_t offset = 0;        ///< of its first byte, from the block's user address
  std::size_t bytes = 0;            ///< how many it would have touched
  bool open_ended = false;          ///< or more
};

inline constexpr std::uint32_t kFindingHistoryMax = 8;
inline constexpr std::uint32_t kHistoryFramesMax = 4;

/// One of the program's calls on the block's addresses, as the pointer trace knows it.
struct FindingCallBefore {
  const char* what = "";            ///< "alloc", "free", "resize"
  std::uint32_t thread_id = 0;
  char thread_name[kThreadNameMax] = {};
  std::uint64_t sequence = 0;
  std::size_t bytes = 0;            ///< requested
  StackTrace stack{};               ///< its first kHistoryFramesMax frames
};

/// Newest first. Empty when the trace knows no more than the events of the finding.
struct FindingHistory {
  std::uint32_t count = 0;
  FindingCallBefore calls[kFindingHistoryMax];
  std::uint64_t earlier_owners = 0; ///< allocations that the trace knows and `calls` lacks
};

struct Finding {
  Violation violation = Violation::kDoubleFree;
  char sentence[kSentenceMax] = {};   ///< what happened, one or two sentences, no addresses first
  Address address = 0;                ///< what the program passed, or the first damaged byte
  FindingBlock block;
  FindingNeighbour before, behind;    ///< the blocks on both sides of `block`
  FindingBytes bytes;
  FindingWindow written;              ///< of `bytes`
  FindingCall call;
  FindingEvent detected, freed, allocated;
  FindingHistory history;
  const char* likely = "";            ///< probable cause, "" when nothing is known
  const char* confidence = "";        ///< "high", "medium", "low"
};

}  // namespace hakmem
