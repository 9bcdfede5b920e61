// What the stand-ins for the C library's functions share. Included by interpose_*.cc.
#pragma once

#include <dlfcn.h>

#include "explore/runtime/engine.h"

#define EXPLORE_PC __builtin_return_address(0)
#define EXPLORE_REAL(function) (explore::real<decltype(function)>(#function))

namespace explore {

/// The C library's function of that name.
template <class Function>
Function* real(const char* name) {
  const Silence silence;
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace explore
