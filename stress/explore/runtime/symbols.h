// From return addresses to `file:line function`, by a program that knows debug information. Called
// when a trace is printed. Invariant: without such a program an address is an offset in its module.
#pragma once

#include <string>
#include <vector>

namespace explore {

/// One text for each address, in order; the innermost inlined function first.
std::vector<std::string> describe(const std::vector<const void*>& return_addresses);

}  // namespace explore
