// One row of the unwind tables (.eh_frame): where a frame ends while it waits for a call to return.
// Called by frame_rules.cc. Reads the tables that the loader mapped and nothing else; neither locks
// nor allocates. DWARF 5, section 6.4; Linux Standard Base, .eh_frame.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace hakmem {

/// What the tables say about a return address, as far as a walk over ordinary frames needs it.
struct UnwindRow {
  bool outermost = false;          ///< there is no caller
  bool from_rbp = false;           ///< the frame's end is found from rbp; else from rsp
  std::int64_t end_offset = 0;     ///< from that register to the frame's end, bytes
  std::int64_t return_offset = 0;  ///< from the end to the return address; 0: not said
  std::int64_t rbp_offset = 0;     ///< from the end to where rbp was saved; 0: it is still in rbp
};

/// The row of the call that returns to `pc`. False: there is none, or no ordinary frame's.
bool find_unwind_row(Address pc, UnwindRow& out) noexcept;

}  // namespace hakmem
