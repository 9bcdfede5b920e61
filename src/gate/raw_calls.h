// The C library's memory and string functions by another name: what the library itself calls at
// level 4, where memcpy and its like are our own, checked ones. Called by library_call.h and the
// interposed functions in api/. Invariant: a row that is not resolved yet is served by early_calls.
//
// The table is written once, by the library's constructor, while there is one thread; until then,
// and in unit tests, all of it is null. It is never written later, so it needs no order.
#pragma once

#include "base/compiler.h"
#include "gate/early_calls.h"

namespace hakmem {

struct RawCalls {
#define HAK_RAW_CALL(result, name, parameters, arguments) result(*name) parameters = nullptr;
#include "gate/raw_calls.def"
#undef HAK_RAW_CALL
};

extern HAK_HIDDEN constinit RawCalls raw_calls;

namespace raw {

#define HAK_RAW_CALL(result, name, parameters, arguments)               \
  HAK_INLINE result name parameters noexcept {                          \
    return raw_calls.name != nullptr ? raw_calls.name arguments         \
                                     : early::name arguments;           \
  }
#include "gate/raw_calls.def"
#undef HAK_RAW_CALL

}  // namespace raw

}  // namespace hakmem
