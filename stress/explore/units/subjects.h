// What the programs of units/ are: small protocols of the allocator that the heap's programs do not
// reach, each a body for the explorer. Called by units_main.cc; the bodies are instrumented.
#pragma once

#include <vector>

namespace units {

struct Subject {
  const char* name;
  void (*body)(void*);
};

const std::vector<Subject>& subjects();

}  // namespace units
