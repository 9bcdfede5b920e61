#include "tools/gdb_command.h"

#include <cstdlib>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/library_path.h"
#include "tools/program_file.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

fs::path require_gdb() {
  const char* const path = std::getenv("PATH");
  try {
    return resolve_program("gdb", path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  } catch (const CommandError&) {
    throw CommandError(exit_code::kHakmemFailed,
                       "gdb is not installed, or not in PATH (Debian: apt-get install gdb)");
  }
}

fs::path require_gdb_commands(int level) {
  const fs::path file = require_library(level).parent_path() / "gdb" / "hakmem.py";
  std::error_code error;
  if (fs::is_regular_file(file, error)) return file;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} is missing; build it with ci/hakmem, or reinstall",
                                 file.string()));
}

std::vector<std::string> gdb_arguments() {
  return {"gdb", "-nx", "-q", "-iex", "set debuginfod enabled off", "-iex", "set pagination off"};
}

std::string gdb_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') quoted += '\\';
    quoted += character;
  }
  return quoted + '"';
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) {
    if (character == '\'') {
      quoted += "'\\''";
    } else {
      quoted += character;
    }
  }
  return quoted + '\'';
}

}  // namespace hakmem::tools
