// Operation files: reads either form, writes the one that the file's name asks for.
// Called by the command-line program, the runner's parent and the tests.
// Invariant: a file that was written is read back as the same list.
#pragma once

#include <filesystem>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// Reads a file of either form, told apart by its first bytes. An error names the file.
FormError read_file(const std::filesystem::path& path, OperationList& list);

/// Writes text when the name ends in .hkops, else the binary form. An error names the file.
FormError write_file(const std::filesystem::path& path, const OperationList& list);

}  // namespace hakmem::ops
