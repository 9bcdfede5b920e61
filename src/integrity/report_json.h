// report.json's text (docs/report.schema.json). Called by report_files.cc, under the reporter.
// Pure: a finding goes in, text comes out. What is not known is left out, as the schema allows.
#pragma once

#include "base/text_sink.h"
#include "integrity/heap_picture.h"
#include "integrity/resolved.h"

namespace hakmem {

/// What the file says once, before its findings.
struct ProcessFacts {
  int level = 0;
  int process = 0;
  std::uint64_t time_s = 0;   ///< since 1970
  const char* program = "";   ///< path of the executable
  const char* host = "";
};

/// Everything before the first finding.
void write_json_head(TextSink& sink, const ProcessFacts& facts) noexcept;
/// Everything behind the last one: closes what the head opens, with the memory of the process as
/// the newest picture has it.
void write_json_tail(TextSink& sink, const HeapPicture& picture) noexcept;

/// One finding as an object. Without `with_stacks` it always fits 24 KiB.
void write_json_finding(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                        const HeapPicture& picture, int exit_code, std::uint64_t dedup,
                        bool with_stacks) noexcept;

}  // namespace hakmem
