// Lengths of time as people type them: 90, 90s, 5m, 2h. Called by fuzz and explore.
#pragma once

#include <string>

namespace hakmem::tools {

/// Seconds in such a text. Throws CommandError (64) for anything else.
unsigned seconds_of(const std::string& text);

}  // namespace hakmem::tools
