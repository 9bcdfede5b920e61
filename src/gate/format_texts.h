// The texts that a printf format reads: each %s, %ls and %S argument must end inside its block, or
// have a precision that ends it. Called by the interposed printf family in api/.
// Invariant: arguments are taken exactly as the C library takes them; at the first directive that
// cannot be known for sure (numbered arguments, conversions that the program registered) the walk
// ends, and the rest is not checked.
#pragma once

#include <cstdarg>

#include "gate/library_text.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Refuses the call if it would read a text, or the format itself, beyond its block. The caller's
/// arguments stay as they are.
void check_texts(const LibraryCall& call, const char* format, va_list arguments) noexcept;
void check_texts(const LibraryCall& call, const wchar_t* format, va_list arguments) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
