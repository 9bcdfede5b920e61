// The report as a person reads it on standard error: 80 columns, sentence first, addresses after.
// Called by report.cc, under the reporter. Pure: a finding and what is known around it go in, text
// comes out. Invariant: what is not known is not printed, and no section is empty.
#pragma once

#include "base/text_sink.h"
#include "integrity/finding.h"
#include "integrity/resolved.h"

namespace hakmem {

/// What the text says beside the finding itself.
struct ReportFacts {
  int level = 0;
  int process = 0;
  bool color = false;
  std::uint64_t dedup = 0;
  const char* report_path = "";  ///< of report.json, "" when none is written
};

/// First line, whose fault, what happened, who and when. Needs no symbols: written at once, so that
/// it stands even if the rest fails.
void write_report_head(TextSink& sink, const Finding& finding, const ReportFacts& facts) noexcept;

/// Block, bytes, stacks, advice, dedup token and summary.
void write_report_body(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                       const ReportFacts& facts) noexcept;

}  // namespace hakmem
