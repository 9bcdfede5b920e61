// Cold half of block.h: what ends a run, and arrays that come from the system.
#include "bench/workload/block.h"

#include <sys/mman.h>

#include <cstdio>

namespace hakmem::bench {

void die_broken_block(const void* block, const void* expected, const void* found) {
  std::fprintf(stderr,
               "hakmem_workload: broken heap: live block %p holds %p where its owner wrote %p\n",
               block, found, expected);
  std::_Exit(1);
}

void die_out_of_memory(std::size_t bytes) {
  std::fprintf(stderr, "hakmem_workload: the allocator returned NULL for %zu bytes\n", bytes);
  std::_Exit(1);
}

void die_not_zero(const void* block, std::size_t bytes) {
  std::fprintf(stderr, "hakmem_workload: broken heap: calloc gave %zu bytes at %p, not all zero\n",
               bytes, block);
  std::_Exit(1);
}

void* map_zeroed_or_die(std::size_t bytes) {
  const std::size_t mapped = bytes == 0 ? kPageBytes : bytes;
  void* start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) die_out_of_memory(bytes);
  return start;
}

void unmap(void* start, std::size_t bytes) { munmap(start, bytes == 0 ? kPageBytes : bytes); }

}  // namespace hakmem::bench
