// The forms of a report. Called by cmd_report.cc and run_outputs.cc. Pure: a report goes in, the
// whole text of a file comes out. Invariant: what a program chose (names, paths, symbols) is data
// in every form and never markup, an escape sequence or a reference.
#pragma once

#include <filesystem>
#include <string>

#include "tools/report_merge.h"
#include "tools/report_model.h"

namespace hakmem::tools {

/// For people: one block a finding, 80 columns where names allow it, and a closing count.
std::string render_text(const Report& report);
/// One finding's block of it, without an empty line at its end.
std::string render_text(const Finding& finding, const Report& report);
/// The same for a difference: a line for each finding, then the new ones whole.
std::string render_text(const ReportDiff& diff, const Report& newer);

/// docs/merged_report.schema.json; `hakmem report` reads it again.
std::string render_json(const Report& report);
/// The same with `status` (new, both, gone) in each finding.
std::string render_json(const ReportDiff& diff, const Report& newer);

/// SARIF 2.1.0 (OASIS), one run. Sources below `source_root` (absolute; empty: none) are named from
/// there. `diff` may be null; with it results have a baselineState and the gone ones are there too.
std::string render_sarif(const Report& report, const ReportDiff* diff,
                         const std::filesystem::path& source_root);

/// JUnit XML: a failed test case for each finding, an error for each trouble, a passed one when
/// there is neither.
std::string render_junit(const Report& report);

/// One page that needs no other file and no network.
std::string render_html(const Report& report);

/// "This is a bug in HAKMEM, not in your program." for HK9xx; the same words in every form.
extern const char* const kOurBug;

}  // namespace hakmem::tools
