// From return addresses to `file:line function`, by a program that knows debug information. Called
// when a trace is printed and when schedule points are listed. Invariant: without such a program an
// address is an offset in its module.
#pragma once

#include <string>
#include <vector>

namespace explore {

/// Where an address is in the sources. Without debug information all but `function` is empty.
struct CodePlace {
  std::string path;      ///< of the file, as the compiler was given it
  unsigned line = 0;
  std::string function;  ///< without parameters; "+0x…", an offset, when it is not known
};

/// One place for each address, in order; the innermost inlined function that is not the C++
/// library's own.
std::vector<CodePlace> places_of(const std::vector<const void*>& return_addresses);

/// `file:line function`, the file without its folders; empty for an address of nothing.
std::string to_text(const CodePlace& place);

}  // namespace explore
