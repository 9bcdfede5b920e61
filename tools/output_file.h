// Writes a whole file that a person named. Called by cmd_report.cc and run_outputs.cc. Invariant:
// a file of the wanted name is either as it was or whole, never half written.
#pragma once

#include <string>

namespace hakmem::tools {

/// Makes the folders of `file` and sees to it that a file can be made there, so that a long run
/// does not end without its output. "-" is standard output. Throws CommandError (125).
void require_writable_place(const std::string& file, const std::string& option);

/// Writes `text` to `file`, or to standard output when that is "-". Throws CommandError (125).
void write_output(const std::string& file, const std::string& text, const std::string& option);

}  // namespace hakmem::tools
