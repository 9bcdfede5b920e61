// The C allocation functions, as glibc exports them. Each is a thin shell: argument rules and errno
// here, everything else behind the gate.
#include <cerrno>
#include <cstddef>

#include "api/process.h"
#include "gate/failure.h"

namespace {

using namespace hakmem;

HAK_INLINE void* malloc_impl(std::size_t bytes) noexcept {
  return front::allocate(process_domain, this_thread, bytes, AllocKind::Malloc);
}

HAK_INLINE void free_impl(void* pointer) noexcept {
  front::release(process_domain, this_thread, wild(pointer), AllocKind::Malloc,
                 ProcessColdRelease{});
}

HAK_INLINE void* calloc_impl(std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return note_failure(FailureReason::TooLarge);
  return front::allocate_zeroed(process_domain, this_thread, bytes);
}

HAK_INLINE void* realloc_impl(void* pointer, std::size_t bytes) noexcept {
  if (pointer == nullptr) return malloc_impl(bytes);
  if (bytes == 0) {
    free_impl(pointer);
    return nullptr;
  }
  return front::reallocate(process_domain, this_thread, wild(pointer), bytes);
}

/// As glibc's memalign: an alignment that is no power of two is rounded up to one.
HAK_INLINE void* memalign_impl(std::size_t align, std::size_t bytes) noexcept {
  constexpr std::size_t kAlignMax = std::size_t{1} << (kAddressBits - 1);
  if (align > kAlignMax || bytes > kRequestMax) return note_failure(FailureReason::TooLarge);
  std::size_t power = kMinAlignBytes;
  while (power < align) power *= 2;
  return front::allocate_aligned(process_domain, this_thread, power, bytes, AllocKind::Aligned);
}

HAK_INLINE int posix_memalign_impl(void** out, std::size_t align, std::size_t bytes) noexcept {
  if (align % sizeof(void*) != 0 || !is_power_of_two(align)) return EINVAL;
  const int saved_errno = errno;
  void* const pointer = memalign_impl(align, bytes);
  errno = saved_errno;
  if (pointer == nullptr) return ENOMEM;
  *out = pointer;
  return 0;
}

/// As glibc's aligned_alloc since 2.38 and as POSIX has it: a power of two, or EINVAL.
HAK_INLINE void* aligned_alloc_impl(std::size_t align, std::size_t bytes) noexcept {
  if (!is_power_of_two(align)) {
    note_failure(FailureReason::BadAlignment);
    errno = EINVAL;
    return nullptr;
  }
  return memalign_impl(align, bytes);
}

HAK_INLINE void* pvalloc_impl(std::size_t bytes) noexcept {
  if (bytes > kRequestMax - kPageBytes) return note_failure(FailureReason::TooLarge);
  return memalign_impl(kPageBytes, round_up(bytes == 0 ? 1 : bytes, kPageBytes));
}

}  // namespace

HAK_EXPORT void* malloc(std::size_t bytes) noexcept { return malloc_impl(bytes); }
HAK_EXPORT void free(void* pointer) noexcept { free_impl(pointer); }
HAK_EXPORT void cfree(void* pointer) noexcept { free_impl(pointer); }

HAK_EXPORT void* calloc(std::size_t count, std::size_t size) noexcept {
  return calloc_impl(count, size);
}

HAK_EXPORT void* realloc(void* pointer, std::size_t bytes) noexcept {
  return realloc_impl(pointer, bytes);
}

HAK_EXPORT void* reallocarray(void* pointer, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return note_failure(FailureReason::TooLarge);
  return realloc_impl(pointer, bytes);
}

HAK_EXPORT void* memalign(std::size_t align, std::size_t bytes) noexcept {
  return memalign_impl(align, bytes);
}

HAK_EXPORT void* aligned_alloc(std::size_t align, std::size_t bytes) noexcept {
  return aligned_alloc_impl(align, bytes);
}

HAK_EXPORT int posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  return posix_memalign_impl(out, align, bytes);
}

HAK_EXPORT void* valloc(std::size_t bytes) noexcept { return memalign_impl(kPageBytes, bytes); }
HAK_EXPORT void* pvalloc(std::size_t bytes) noexcept { return pvalloc_impl(bytes); }

HAK_EXPORT std::size_t malloc_usable_size(void* pointer) noexcept {
  return pointer == nullptr ? 0 : front::usable_size(process_domain, wild(pointer));
}

HAK_EXPORT void free_sized(void* pointer, std::size_t bytes) noexcept {
  front::release_sized(process_domain, this_thread, wild(pointer), bytes, 0, AllocKind::Malloc,
                       ProcessColdRelease{});
}

HAK_EXPORT void free_aligned_sized(void* pointer, std::size_t align, std::size_t bytes) noexcept {
  front::release_sized(process_domain, this_thread, wild(pointer), bytes, align,
                       AllocKind::Aligned, ProcessColdRelease{});
}

// The names that glibc gives its own functions, for programs that call them directly.
HAK_EXPORT void* __libc_malloc(std::size_t bytes) noexcept { return malloc_impl(bytes); }
HAK_EXPORT void __libc_free(void* pointer) noexcept { free_impl(pointer); }
HAK_EXPORT void __libc_cfree(void* pointer) noexcept { free_impl(pointer); }
HAK_EXPORT void* __libc_calloc(std::size_t count, std::size_t size) noexcept {
  return calloc_impl(count, size);
}
HAK_EXPORT void* __libc_realloc(void* pointer, std::size_t bytes) noexcept {
  return realloc_impl(pointer, bytes);
}
HAK_EXPORT void* __libc_memalign(std::size_t align, std::size_t bytes) noexcept {
  return memalign_impl(align, bytes);
}
HAK_EXPORT void* __libc_valloc(std::size_t bytes) noexcept {
  return memalign_impl(kPageBytes, bytes);
}
HAK_EXPORT void* __libc_pvalloc(std::size_t bytes) noexcept { return pvalloc_impl(bytes); }
HAK_EXPORT int __posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  return posix_memalign_impl(out, align, bytes);
}
