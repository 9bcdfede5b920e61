// The nearest of some names, for every message that says "did you mean". Called by main.cc, explain
// and doctor. Invariant: of equally near names the first wins, so a message does not depend on
// chance.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hakmem::tools {

/// Levenshtein distance in bytes; letters differ by case only count as equal.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name with the least distance to `word`; empty when `names` is empty.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace hakmem::tools
