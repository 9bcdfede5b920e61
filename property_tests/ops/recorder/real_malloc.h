// The malloc behind the recorder: the sanitizer's in a program that was compiled with one, else
// the C library's by the names that need no look-up. Called by the recorder's other files.
// Invariant: one of the two for the whole process, so that each block goes back where it came from.
#pragma once

#include <cstddef>

extern "C" {
void* __libc_malloc(std::size_t);
void __libc_free(void*);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
// sanitizer/allocator_interface.h, and the second names of functions that a sanitizer replaces;
// null in a program without one.
[[gnu::weak]] int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void*, std::size_t), void (*releasing)(const volatile void*));
[[gnu::weak]] void* __interceptor_malloc(std::size_t);
[[gnu::weak]] void __interceptor_free(void*);
[[gnu::weak]] void* __interceptor_calloc(std::size_t, std::size_t);
[[gnu::weak]] void* __interceptor_realloc(void*, std::size_t);
[[gnu::weak]] void* __interceptor_memalign(std::size_t, std::size_t);
}

namespace hakmem::ops::record::real {

/// True when malloc is a sanitizer's, which then tells of each operation by its hooks.
inline bool is_sanitizers() noexcept {
  return __sanitizer_install_malloc_and_free_hooks != nullptr && __interceptor_malloc != nullptr;
}

inline void* malloc(std::size_t bytes) noexcept {
  return is_sanitizers() ? __interceptor_malloc(bytes) : __libc_malloc(bytes);
}
inline void free(void* block) noexcept {
  is_sanitizers() ? __interceptor_free(block) : __libc_free(block);
}
inline void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return is_sanitizers() ? __interceptor_calloc(count, bytes) : __libc_calloc(count, bytes);
}
inline void* realloc(void* block, std::size_t bytes) noexcept {
  return is_sanitizers() ? __interceptor_realloc(block, bytes) : __libc_realloc(block, bytes);
}
inline void* memalign(std::size_t align, std::size_t bytes) noexcept {
  return is_sanitizers() ? __interceptor_memalign(align, bytes) : __libc_memalign(align, bytes);
}

}  // namespace hakmem::ops::record::real
