// Pictures of a finding's block and slab for the report page. Called by render_html.cc.
// Invariant: only what the report has is drawn; what it has not is said in words.
#pragma once

#include <string>

#include "tools/report_model.h"

namespace hakmem::tools {

/// HTML of the heap map: the block framed with its neighbours, then its slab where the report has
/// the states of the slab's blocks.
std::string heap_map_html(const Finding& finding);

}  // namespace hakmem::tools
