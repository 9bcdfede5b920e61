// The forwarding library: HAKMEM's functions over the malloc that the process has without it, the
// sanitizer's if there is one, else the C library's. For programs that must keep that malloc.
//
// What the others do not have (free_sized, free_aligned_sized, cfree) is made of what they have.
// operator new, mallinfo and the __libc_ names are not here: whoever defines them calls the same
// malloc. Invariant: a block is released where it was made, for there is only one place.
#include <dlfcn.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "api/hakmem.h"
#include "base/compiler.h"

#define HAK_INTERCEPTED(name) __interceptor_##name

extern "C" {
// Every sanitizer that owns malloc gives it this second name; null without one.
[[gnu::weak]] void* HAK_INTERCEPTED(malloc)(std::size_t);
[[gnu::weak]] void HAK_INTERCEPTED(free)(void*);
[[gnu::weak]] void* HAK_INTERCEPTED(calloc)(std::size_t, std::size_t);
[[gnu::weak]] void* HAK_INTERCEPTED(realloc)(void*, std::size_t);
[[gnu::weak]] void* HAK_INTERCEPTED(memalign)(std::size_t, std::size_t);
[[gnu::weak]] void* HAK_INTERCEPTED(aligned_alloc)(std::size_t, std::size_t);
[[gnu::weak]] int HAK_INTERCEPTED(posix_memalign)(void**, std::size_t, std::size_t);
[[gnu::weak]] void* HAK_INTERCEPTED(valloc)(std::size_t);
[[gnu::weak]] void* HAK_INTERCEPTED(pvalloc)(std::size_t);
[[gnu::weak]] std::size_t HAK_INTERCEPTED(malloc_usable_size)(void*);
}

namespace {

/// The malloc behind this library.
struct Target {
  decltype(&HAK_INTERCEPTED(malloc)) malloc;
  decltype(&HAK_INTERCEPTED(free)) free;
  decltype(&HAK_INTERCEPTED(calloc)) calloc;
  decltype(&HAK_INTERCEPTED(realloc)) realloc;
  decltype(&HAK_INTERCEPTED(memalign)) memalign;
  decltype(&HAK_INTERCEPTED(aligned_alloc)) aligned_alloc;
  decltype(&HAK_INTERCEPTED(posix_memalign)) posix_memalign;
  decltype(&HAK_INTERCEPTED(valloc)) valloc;
  decltype(&HAK_INTERCEPTED(pvalloc)) pvalloc;
  decltype(&HAK_INTERCEPTED(malloc_usable_size)) malloc_usable_size;
  bool known;
};
/// Found by the first call of all, which the loader or a constructor makes: there is one thread.
constinit Target target{};

template <class Function>
void find(Function*& out, Function* intercepted, const char* name) noexcept {
  out = intercepted != nullptr ? intercepted
                               : reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

HAK_COLD void find_target() noexcept {
  find(target.malloc, HAK_INTERCEPTED(malloc), "malloc");
  find(target.free, HAK_INTERCEPTED(free), "free");
  find(target.calloc, HAK_INTERCEPTED(calloc), "calloc");
  find(target.realloc, HAK_INTERCEPTED(realloc), "realloc");
  find(target.memalign, HAK_INTERCEPTED(memalign), "memalign");
  find(target.aligned_alloc, HAK_INTERCEPTED(aligned_alloc), "aligned_alloc");
  find(target.posix_memalign, HAK_INTERCEPTED(posix_memalign), "posix_memalign");
  find(target.valloc, HAK_INTERCEPTED(valloc), "valloc");
  find(target.pvalloc, HAK_INTERCEPTED(pvalloc), "pvalloc");
  find(target.malloc_usable_size, HAK_INTERCEPTED(malloc_usable_size), "malloc_usable_size");
  target.known = true;
}

HAK_INLINE const Target& next() noexcept {
  if (!target.known) [[unlikely]] find_target();
  return target;
}

}  // namespace

HAK_EXPORT void* malloc(std::size_t bytes) noexcept { return next().malloc(bytes); }
HAK_EXPORT void free(void* pointer) noexcept { next().free(pointer); }
HAK_EXPORT void cfree(void* pointer) noexcept { next().free(pointer); }
HAK_EXPORT void free_sized(void* pointer, std::size_t) noexcept { next().free(pointer); }
HAK_EXPORT void free_aligned_sized(void* pointer, std::size_t, std::size_t) noexcept {
  next().free(pointer);
}
HAK_EXPORT void* calloc(std::size_t count, std::size_t size) noexcept {
  return next().calloc(count, size);
}
HAK_EXPORT void* realloc(void* pointer, std::size_t bytes) noexcept {
  return next().realloc(pointer, bytes);
}
HAK_EXPORT void* reallocarray(void* pointer, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return next().realloc(pointer, bytes);
}
HAK_EXPORT void* memalign(std::size_t align, std::size_t bytes) noexcept {
  return next().memalign(align, bytes);
}
HAK_EXPORT void* aligned_alloc(std::size_t align, std::size_t bytes) noexcept {
  return next().aligned_alloc(align, bytes);
}
HAK_EXPORT int posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  return next().posix_memalign(out, align, bytes);
}
HAK_EXPORT void* valloc(std::size_t bytes) noexcept { return next().valloc(bytes); }
HAK_EXPORT void* pvalloc(std::size_t bytes) noexcept { return next().pvalloc(bytes); }
HAK_EXPORT std::size_t malloc_usable_size(void* pointer) noexcept {
  return next().malloc_usable_size(pointer);
}

/// There is no heap of HAKMEM's to count in: all is 0, and the level says why.
HAK_EXPORT_CXX int hakmem_stats_get(hakmem_stats* out, std::size_t size) {
  if (out == nullptr || size < sizeof out->version) return -1;
  hakmem_stats stats{};
  stats.version = HAKMEM_STATS_VERSION;
  stats.integrity_level = HAKMEM_FORWARDING;
  std::memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
  return 0;
}
