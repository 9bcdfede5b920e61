// The files a finding leaves behind: report.json in the `report` folder, a line in the `verdict`
// file. Called by report.cc, under the reporter.
// Invariant: report.json is valid JSON after each finding, since each is appended by one write that
// begins where the closing brackets were.
#pragma once

#include "base/text_sink.h"
#include "integrity/report_json.h"

namespace hakmem {

/// Expands %p (process), %h (host), %t (seconds since 1970), %q{VAR} and %% of a file name.
void expand_file_name(TextSink& sink, const char* pattern) noexcept;

/// Makes the folder of `pattern`, with its parents, and names report.json in it. Returns its path,
/// "" after one note on standard error when the folder cannot be made. The path stays the same for
/// all findings of a process.
const char* prepare_report_file(const char* pattern) noexcept;

/// Appends a finding to the prepared file, which a first one begins anew. False when it cannot.
bool append_report_json(int level, const Finding& finding, const ResolvedFinding& stacks,
                        const HeapPicture& picture, int exit_code, std::uint64_t dedup) noexcept;

/// Makes the folder of `pattern`, with its parents, and an empty file `name` in it, whose path goes
/// to `path`. Returns its descriptor, negative after one note on standard error when it cannot.
int create_report_file(const char* pattern, const char* name, TextSink& path) noexcept;

/// Appends "pid exit_code HKid dedup" to the file of `pattern` in one write.
bool append_verdict(const char* pattern, Violation violation, int exit_code,
                    std::uint64_t dedup) noexcept;

}  // namespace hakmem
