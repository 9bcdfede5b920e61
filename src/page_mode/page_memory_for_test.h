// What the tests of page mode ask of memory: may a byte be touched, how many mappings are there?
// Called by the tests of os/, page_mode/ and gate/. Invariant: asking never faults.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

#include "os/os_process.h"

namespace hakmem {

/// True when the byte can be read.
inline bool is_open(const std::byte* at) {
  std::byte value;
  return os::read_memory(reinterpret_cast<Address>(at), &value, 1);
}
inline bool is_open(const void* block, std::ptrdiff_t offset) {
  return is_open(static_cast<const std::byte*>(block) + offset);
}

/// Mappings of this process.
inline std::size_t count_mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

}  // namespace hakmem
