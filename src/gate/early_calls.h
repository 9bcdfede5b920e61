// Memory and string functions of our own, for calls that come before the C library's are known:
// from the loader, and from IFUNC resolvers that run before this library is relocated. Small, not
// fast. Called by raw_calls.h. Invariant: no relocated data is read (no global pointer, no
// thread-local, no library function), and no compiler may turn a loop here into a call of the
// function that it defines (see the build's flags for early_calls.cc).
#pragma once

#include <cstddef>

namespace hakmem::early {

#define HAK_RAW_CALL(result, name, parameters, arguments) result name parameters noexcept;
#include "gate/raw_calls.def"
#undef HAK_RAW_CALL

}  // namespace hakmem::early
