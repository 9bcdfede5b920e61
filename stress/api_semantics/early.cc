// A library that the program links: it allocates in a constructor of high priority, which runs
// before those of the program and of most libraries, and frees in its destructor, which runs late.
#include "early.h"

#include "../check.h"

namespace hakmem::stress {

void* early_blocks[kEarlyBlocks];

namespace {

void* destructor_block = nullptr;

[[gnu::constructor(101)]] void allocate_early() {
  for (std::size_t i = 0; i < kEarlyBlocks; ++i) {
    early_blocks[i] = std::malloc(early_bytes(i));
    if (early_blocks[i] == nullptr) return;
    stamp(early_blocks[i], early_bytes(i), i);
  }
  destructor_block = std::malloc(100);
}

[[gnu::destructor(101)]] void free_late() {
  std::free(destructor_block);
  std::free(std::malloc(3000));
}

}  // namespace
}  // namespace hakmem::stress
