// Recording where a sanitizer owns malloc: it calls these after each allocation and before each
// release, by whatever function. It tells addresses and sizes: calloc, operator new and alignments
// arrive as malloc, a realloc as the malloc of the new block and the free of the old one.
#include "property_tests/ops/recorder/real_malloc.h"
#include "property_tests/ops/recorder/record_log.h"

namespace {

using namespace hakmem::ops;

void on_malloc(const volatile void* block, std::size_t bytes) noexcept {
  record::told_allocated(const_cast<const void*>(block), bytes);
}

void on_free(const volatile void* block) noexcept {
  record::told_releasing(const_cast<const void*>(block));
}

/// What was allocated before is unknown to the recording; its releases are counted, not logged.
__attribute__((constructor(101))) void listen() noexcept {
  if (record::real::is_sanitizers()) __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

}  // namespace
