// Where the libraries of the five levels are, relative to the running program: in a build tree
// (build/bin beside build/lib) and in an installation (bin beside lib/hakmem or lib).
// Called by run, lib and doctor. Invariant: a path returned names an existing regular file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hakmem::tools {

/// Folder of the running executable, symbolic links resolved. Works without /proc mounted too.
std::filesystem::path tool_directory();

/// "libhakmem.so" for level 0, "libhakmem_l3.so" for level 3.
std::string library_file_name(int level);

/// The level a file name stands for; nothing when it is no library of ours.
std::optional<int> level_of_library(const std::string& file_name);

/// The places that are looked at, in order.
std::vector<std::filesystem::path> library_candidates(const std::filesystem::path& tool_dir,
                                                      int level);

/// The first candidate that exists, with symbolic links resolved.
std::optional<std::filesystem::path> find_library(const std::filesystem::path& tool_dir, int level);

/// As find_library for the running program. Throws CommandError (125) that names the remedy.
std::filesystem::path require_library(int level);

}  // namespace hakmem::tools
