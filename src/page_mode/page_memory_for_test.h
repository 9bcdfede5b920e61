// What the tests of page mode ask of memory: may a byte be touched, how many mappings are there?
// Called by the tests of os/, page_mode/ and gate/. Invariant: asking never faults.
#pragma once

#include <cstddef>

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

/// Mappings of this process that lie in [begin, begin + bytes), also in part.
inline std::size_t count_mappings(const std::byte* begin, std::size_t bytes) {
  static char buffer[4 * kKiB];
  const Address first = reinterpret_cast<Address>(begin);
  std::size_t count = 0;
  auto visit = [&](const os::Mapping& mapping) {
    count += mapping.begin < first + bytes && first < mapping.end ? 1 : 0;
    return true;
  };
  os::visit_mappings(buffer, sizeof buffer, visit);
  return count;
}

}  // namespace hakmem
