// The verdict file: each process of a tree appends one line `pid exit_code HKid dedup` for each
// finding, and the exit status of `hakmem run` is the worst of them.
// Called by run. Invariant: a line that cannot be read is counted, never dropped in silence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace hakmem::tools {

/// One finding of one process.
struct VerdictLine {
  pid_t pid = 0;
  int exit_status = 0;  ///< what the process ends with for it (86, `exitcode=`, 87 or 90)
  int id = 0;           ///< 102 for HK102
  std::string dedup;    ///< equal for findings with the same cause
};

struct Verdict {
  std::vector<VerdictLine> lines;  ///< in the order of finding
  std::size_t unreadable = 0;      ///< lines that are not of the form above
};

Verdict parse_verdict(std::string_view text);

/// How bad a finding is: our own bug (3), the program's error (2), a leak or at-exit one (1).
int severity(const VerdictLine& line);

/// The worst line, the earliest of equals; null when there is none.
const VerdictLine* worst_line(const Verdict& verdict);

/// How the program itself ended.
struct ProgramEnd {
  enum class Kind { Exited, Signaled, TimedOut };
  Kind kind = Kind::Exited;
  int value = 0;  ///< exit status or signal number
  pid_t pid = 0;
};

/// The exit status of `hakmem run`: a finding outranks a time-out, that a signal and the program's
/// own status; an unreadable verdict without a readable one is our failure.
int decide_exit_status(const Verdict& verdict, const ProgramEnd& end);

}  // namespace hakmem::tools
