// A frame with its place: what makes a captured stack comparable with the one that is there now.
// Called by the unwinders and the stack cache.
#pragma once

#include "base/units.h"

namespace hakmem {

/// A return address and where in the stack it lies.
struct PlacedFrame {
  Address place = 0;
  Address pc = 0;
};

}  // namespace hakmem
