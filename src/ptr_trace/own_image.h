// Where HAKMEM's own shared library lies, so that its frames are not shown as the program's.
// Called by backtrace.cc and the report. Linked into a program itself (tests), nothing is "own":
// the range would be the program's.
#pragma once

#include "base/units.h"

namespace hakmem {

struct ImageRange {
  Address begin = 0;
  Address end = 0;

  constexpr bool contains(Address address) const noexcept {
    return address >= begin && address < end;
  }
};

/// The range of our shared library; empty when we are part of the program.
ImageRange own_image() noexcept;

}  // namespace hakmem
