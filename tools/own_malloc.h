// Whose malloc a program that can be preloaded will call: its own, a sanitizer's or the one that is
// preloaded. Called by run before the program starts. Reads the file, executes nothing.
// Invariant: what cannot be read off the file counts as no malloc of its own.
#pragma once

#include <filesystem>

namespace hakmem::tools {

enum class OwnMalloc {
  None,       ///< calls the malloc that is preloaded
  Sanitizer,  ///< ASan, LSan, MSan or TSan: linked in, or a library that refuses to come second
  Other,      ///< defines malloc itself; it may call the next one, or none
};

/// Looks at the dynamic symbols of the ELF file `program` and the libraries it names.
OwnMalloc find_own_malloc(const std::filesystem::path& program);

/// Throws CommandError (125) with a remedy when a sanitizer's malloc keeps HAKMEM's from being
/// called; says on standard error when the program's own may.
void require_preloaded_malloc(const std::filesystem::path& program);

}  // namespace hakmem::tools
