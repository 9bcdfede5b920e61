// Findings that the user knows of and does not want to hear again: the rules of the option
// `suppressions`. Read once by api/ at start-up, asked by finding_fate.cc under the reporter.
// Allocates nothing.
//
//   # a comment                  KIND:PATTERN, one rule a line
//   HK102:Conn::flush            KIND is an id of violation.def, `leak` (HK120) or `*`
//   leak:libfoo.so               PATTERN is looked for in the function, the source file and the
//   HK103:^parse_*_header$       module of every frame of the finding's stacks; `*` and `?` are
//   *:third_party/               wildcards, `^` and `$` tie it to the text's begin and end
//
// Functions and source files are what the symbolizer says: it has been asked when a rule is tried.
// Invariant: what the program cannot survive, and our own faults, are never suppressed.
#pragma once

#include "integrity/resolved.h"

namespace hakmem {

inline constexpr std::size_t kSuppressionsBytesMax = 64 * kKiB;
inline constexpr std::uint32_t kSuppressionsMax = 1024;

/// What is wrong with a file of rules. `ok()` means nothing is.
struct SuppressionError {
  const char* what = "";   ///< "" when nothing is
  std::uint32_t line = 0;  ///< from 1; 0: the file as a whole
  bool ok() const noexcept { return what[0] == '\0'; }
};

/// Reads the rules of a file, and forgets those from before. With an error there are none.
SuppressionError load_suppressions(const char* path) noexcept;
/// The same with the file's text.
SuppressionError parse_suppressions(const char* text, std::size_t bytes) noexcept;

bool has_suppressions() noexcept;
/// True when a rule fits the finding.
bool is_suppressed(const Finding& finding, const ResolvedFinding& stacks) noexcept;

}  // namespace hakmem
