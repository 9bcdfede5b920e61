// What a core file says without a debugger: which program left it, which libraries it had, whether
// it is whole. Called by cmd_core.cc. Reads the ELF header, the program headers and the notes.
// Invariant: nothing in the file is believed before it was compared with the file's size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hakmem::tools {

struct CoreFile {
  std::filesystem::path program;   ///< its path when it ran; empty when the core does not say
  std::vector<std::string> files;  ///< that were mapped, each once, in the order of addresses
  std::uint64_t wanted_bytes = 0;  ///< how long the file should be at least
  std::uint64_t found_bytes = 0;

  bool is_truncated() const { return found_bytes < wanted_bytes; }
};

/// Reads a core of a 64-bit x86-64 process. Throws CommandError (125): it cannot be read, is no
/// core file, is one of another machine, or ends before its notes do.
CoreFile read_core_file(const std::filesystem::path& file);

/// The level of the HAKMEM that the process had; empty when it had none.
std::optional<int> hakmem_level_of(const CoreFile& core);

/// Whose malloc the process had if not ours, as "jemalloc (/usr/lib/…)".
std::string malloc_of(const CoreFile& core);

}  // namespace hakmem::tools
