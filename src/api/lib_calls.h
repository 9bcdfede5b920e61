// The library calls that level 4 stands before: mem*, str*, wcs*, the sprintf family and the names
// that fortified programs call. Each lib_calls_*.cc defines some; none of this is in the other
// levels. A call asks gate/library_call.h whether it stays inside its blocks, and then does what
// the C library's function does, by that very function (gate/raw_calls.h) where there is a choice.
//
// Exported names are given by assembler labels: the compiler knows rules of its own about
// functions called memcpy, and <cstring> declares some of them with other types. They are not
// noexcept: printing is a cancellation point, and a cancelled thread unwinds through it.
#pragma once

#include "api/process.h"
#include "gate/library_text.h"

/// Declares and begins the definition of the function that is exported as `name`.
#define HAK_LIBRARY_CALL(result, name, parameters)                     \
  HAK_EXPORT result checked_##name parameters __asm__(#name);          \
  result checked_##name parameters

/// Exports `name`, a function above in the same file, as `other` too. In the assembler's words: the
/// compiler would look for the target among its own declarations of such names.
#define HAK_LIBRARY_CALL_ALIAS(other, name) \
  __asm__(".globl " #other "\n.type " #other ", @function\n.set " #other ", " #name "\n")

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// True from the constructor's end on, unless lib_calls=0. Never changes later.
extern HAK_HIDDEN constinit bool library_calls_checked;

/// Find the C library's printf family, which has no fallback; parts of start_library_calls().
void find_printf_calls() noexcept;
void find_output_calls() noexcept;
/// The same when somebody prints before the constructor. False: not even relocated, as in IFUNC
/// resolvers of other libraries; there is no C library for us then.
bool try_find_printf_calls() noexcept;

/// The question about the exported function that this is inlined into.
HAK_INLINE LibraryCall this_call(const char* function) noexcept {
  return LibraryCall(process_domain, function, front::caller(), library_calls_checked);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
