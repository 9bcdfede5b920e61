// What the program to run is, before it is run: where it is found and whether a library can be
// preloaded into it. Called by run. Reads the file's first page, executes nothing.
// Invariant: only a program whose malloc can be replaced is Preloadable or a Script.
#pragma once

#include <filesystem>
#include <string>

namespace hakmem::tools {

enum class ProgramKind {
  Preloadable,   ///< dynamically linked ELF for x86-64 with the GNU loader
  Script,        ///< text with `#!`, whose interpreter is Preloadable
  PlainText,     ///< executable text without `#!`: the shell runs it
  Static,        ///< ELF without a loader
  OtherLoader,   ///< ELF with a loader that is not glibc's (musl)
  OtherMachine,  ///< ELF for another machine or word size
  Privileged,    ///< setuid, setgid or with file capabilities: the loader drops LD_PRELOAD
  Unreadable,    ///< can be executed but not read, so nothing is known
};

/// Finds `name` as a shell would: as a path when it has a slash, else along `search_path`.
/// Throws CommandError: 127 not found, 126 found but not executable.
std::filesystem::path resolve_program(const std::string& name, const std::string& search_path);

/// Looks into `file`; a script is what its interpreter is. `file` must exist.
ProgramKind inspect_program(const std::filesystem::path& file);

/// Throws CommandError (125) with what is wrong and a remedy, unless a library can be preloaded.
void require_preloadable(const std::filesystem::path& file, ProgramKind kind);

}  // namespace hakmem::tools
