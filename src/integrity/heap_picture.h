// The heap around a finding: states of the slab's blocks, sizes of all live blocks, memory over
// time. Drawn by gate/heap_picture.cc when a report is written, turned into report.json's keys by
// report_json.cc. Plain data without a pointer into the heap. About 13 KiB: static storage only.
#pragma once

#include "integrity/finding.h"
#include "integrity/memory_timeline.h"

namespace hakmem {

/// More blocks than any slab has.
inline constexpr std::uint32_t kSlabStatesMax = 4096;

/// The slab of the finding's block; a letter a block: L live, F free, Q in quarantine, U unused.
struct SlabPicture {
  bool known = false;
  Address data = 0;                ///< of block 0
  std::size_t stride_bytes = 0;
  std::uint32_t count = 0;
  char states[kSlabStatesMax] = {};
};

/// Live blocks by size of request, in ranges that double.
struct SizeHistogram {
  static constexpr std::uint32_t kRanges = 45;
  static constexpr std::size_t kFirstBytes = 16;

  bool known = false;
  std::uint64_t live_blocks[kRanges] = {};

  /// The largest request of a range.
  static constexpr std::uint64_t up_to_bytes(std::uint32_t range) noexcept {
    return std::uint64_t{kFirstBytes} << range;
  }
  static constexpr std::uint32_t range_of(std::size_t request_bytes) noexcept {
    std::uint32_t range = 0;
    while (range + 1 < kRanges && request_bytes > up_to_bytes(range)) ++range;
    return range;
  }
};

/// The process's samples, and the moment of the report as the last one.
struct TimelinePicture {
  std::uint32_t count = 0;         ///< 0: unknown
  MemorySample samples[MemoryTimeline::kSamplesMax + 1];
};

struct HeapPicture {
  SlabPicture slab;
  SizeHistogram sizes;
  TimelinePicture timeline;

  /// Nothing is known any more; what is behind the flags may stay.
  void clear() noexcept {
    slab.known = sizes.known = false;
    timeline.count = 0;
  }
};

}  // namespace hakmem
