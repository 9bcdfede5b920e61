// report.json's text (docs/report.schema.json). Called by report_files.cc, under the reporter.
// Pure: a finding goes in, text comes out. What is not known is left out, as the schema allows.
#pragma once

#include "base/text_sink.h"
#include "integrity/finding.h"
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

/// Everything before the first finding. kJsonTail closes what this opens.
void write_json_head(TextSink& sink, const ProcessFacts& facts) noexcept;
inline constexpr char kJsonTail[] = "\n]}\n";

/// One finding as an object. Without `with_stacks` it always fits 16 KiB.
void write_json_finding(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                        int exit_code, std::uint64_t dedup, bool with_stacks) noexcept;

}  // namespace hakmem
