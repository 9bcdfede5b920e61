// gdb and our commands for it: where they are, and how gdb is called with them. Used by cmd_core.cc
// and cmd_run.cc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hakmem::tools {

/// gdb's path. Throws CommandError (125) with a remedy when it is not installed.
std::filesystem::path require_gdb();

/// hakmem.py, beside the library of `level`. Throws CommandError (125) when it is missing.
std::filesystem::path require_gdb_commands(int level);

/// gdb's first arguments: no configuration of the user's, nothing from the network, no pages.
std::vector<std::string> gdb_arguments();

/// A word of gdb's own command language that stands for `text`, quotes and blanks included.
std::string gdb_quoted(const std::string& text);

/// A word of the shell's that stands for `text`.
std::string shell_quoted(const std::string& text);

}  // namespace hakmem::tools
