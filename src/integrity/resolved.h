// A finding's stacks with modules, functions and lines, and what follows from them: the line to
// blame and the token that two runs of one bug share. Called by the report, under the reporter.
//
//   Finding (pcs) → ModuleTable (file, offset) → symbolizer (function, line) → ResolvedFinding
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/text_sink.h"
#include "integrity/finding.h"
#include "integrity/modules.h"

namespace hakmem {

inline constexpr std::uint32_t kResolvedFramesMax = 64;

/// One line of a printed stack. Several share a pc when functions were inlined.
struct ResolvedFrame {
  Address pc = 0;                  ///< return address, as captured
  const Module* module = nullptr;  ///< null when the pc lies in no file
  std::uint64_t offset = 0;        ///< of the call, as a virtual address of the file
  const char* function = "";       ///< "" when unknown
  const char* file = "";           ///< "" when unknown
  std::uint32_t line = 0;          ///< 0 when unknown
  bool inlined = false;            ///< into the next frame
};

struct ResolvedStack {
  std::uint32_t count = 0;
  ResolvedFrame frames[kResolvedFramesMax];

  void add(const ResolvedFrame& frame) noexcept {
    if (count < kResolvedFramesMax) frames[count++] = frame;
  }
};

/// Large (30 KiB): static storage only. Strings point into the module table and the symbolizer.
struct ResolvedFinding {
  ResolvedStack detected, freed, allocated;
  ResolvedFrame history[kFindingHistoryMax];  ///< who made each call: the program's first frame
};

/// Fills `out` from the finding's pcs; asks a symbolizer when `symbolize`, for at most `limit_ms`.
/// What it cannot tell stays empty.
void resolve_finding(const Finding& finding, bool symbolize, std::uint64_t limit_ms,
                     ResolvedFinding& out) noexcept;

/// The frame that the summary names: the first one in the program's own files and sources, of the
/// stack that says most about this kind of fault. Null when no stack is known.
const ResolvedFrame* blamed_frame(const Finding& finding, const ResolvedFinding& stacks) noexcept;

/// Equal for two runs of one bug, whatever the addresses: violation, and of each stack the first
/// frames of the program by function and line, or by file and offset.
std::uint64_t dedup_hash(const Finding& finding, const ResolvedFinding& stacks) noexcept;

/// "HK102-9f2c41ab77d0e3b1"
void write_dedup_token(TextSink& sink, Violation violation, std::uint64_t hash) noexcept;

/// "SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()", without an end of line.
void write_summary(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks) noexcept;

/// The path behind the last slash.
const char* file_name_of(const char* path) noexcept;

}  // namespace hakmem
