// A frame with its place: what makes a captured stack comparable with the one that is there now.
// Called by the unwinders and the shadow stack.
#pragma once

#include "base/units.h"

namespace hakmem {

/// A return address and where in the stack it lies. Without initial values: captures keep arrays of
/// them, and fill what they use.
struct PlacedFrame {
  Address place;
  Address pc;
};

}  // namespace hakmem
