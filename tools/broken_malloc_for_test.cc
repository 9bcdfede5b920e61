// A malloc library with two defects, for the tests of `hakmem gate --target`: posix_memalign aligns
// to 256 only by chance, and a refused realloc frees the old block's content. Everything else goes
// to the C library. Preloaded by gate_target_test.py alone.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) { return __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return __libc_calloc(count, bytes); }
void free(void* block) { __libc_free(block); }

void* realloc(void* block, std::size_t bytes) {
  if (bytes > PTRDIFF_MAX / 2 && block != nullptr) {
    std::memset(block, 0, 1);
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_realloc(block, bytes);
}

int posix_memalign(void** block, std::size_t align, std::size_t bytes) {
  if (align < sizeof(void*) || (align & (align - 1)) != 0) return EINVAL;
  // Space for a neighbour in front keeps the block off the boundary.
  void* const got = align == 256 ? __libc_malloc(bytes + 16) : __libc_memalign(align, bytes);
  if (got == nullptr) return ENOMEM;
  *block = got;
  return 0;
}
}
