// Operations as text, the `.hkops` form: one line an operation, to be read and edited by people.
// Called by file.h, the tests' messages and the command-line program. Lossless: what is printed is
// read back as the same list.
//
//   hkops 1                      the first line
//   seed 42                      optional, as are the next; before the operations
//   expect HK101
//   malloc b1 bytes=48           thread 0 unless told
//   t2 free b1                   the same block freed by thread 2
//   # a comment, also behind an operation
#pragma once

#include <string>
#include <string_view>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// One operation, without a line break: "t2 calloc b3 count=4 bytes=8".
std::string to_text(const Operation& operation);
std::string to_text(const OperationList& list);

/// Reads text into `list`; an error names the line and what to write instead. On an error `list`
/// holds the operations before it.
FormError from_text(std::string_view text, OperationList& list);

}  // namespace hakmem::ops
