// The C allocation functions as `hakmem record` preloads them: those behind them (real_malloc.h)
// and a line in the log.
#include <dlfcn.h>

#include <cerrno>
#include <cstddef>

#include "base/compiler.h"
#include "property_tests/ops/recorder/real_malloc.h"
#include "property_tests/ops/recorder/record_log.h"

namespace {

using namespace hakmem::ops;
namespace real = hakmem::ops::record::real;
constexpr std::size_t kPageBytes = 4096;

/// The function of that name behind ours. Not for what dlsym itself may call.
template <class Function>
Function* next_function(const char* name) noexcept {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_power_of_two(std::size_t n) noexcept { return n != 0 && (n & (n - 1)) == 0; }

void* memalign_as(Verb verb, std::size_t align, std::size_t bytes) noexcept {
  void* const block = real::memalign(align, bytes);
  record::allocated(verb, block, align, bytes);
  return block;
}

}  // namespace

#define HAK_RECORDED extern "C" __attribute__((visibility("default")))

HAK_RECORDED void* malloc(std::size_t bytes) noexcept {
  void* const block = real::malloc(bytes);
  record::allocated(Verb::kMalloc, block, bytes, 0);
  return block;
}

HAK_RECORDED void free(void* block) noexcept {
  record::releasing(Verb::kFree, block);
  real::free(block);
}

HAK_RECORDED void cfree(void* block) noexcept {
  record::releasing(Verb::kFree, block);
  real::free(block);
}

HAK_RECORDED void* calloc(std::size_t count, std::size_t bytes) noexcept {
  void* const block = real::calloc(count, bytes);
  record::allocated(Verb::kCalloc, block, count, bytes);
  return block;
}

HAK_RECORDED void* realloc(void* block, std::size_t bytes) noexcept {
  const std::uint32_t slot = record::resizing(block);
  void* const result = real::realloc(block, bytes);
  record::resized(Verb::kRealloc, slot, block, result, bytes, 0);
  return result;
}

HAK_RECORDED void* reallocarray(void* block, std::size_t count, std::size_t bytes) noexcept {
  std::size_t product;
  if (__builtin_mul_overflow(count, bytes, &product)) {
    errno = ENOMEM;
    return nullptr;
  }
  // Nothing left is a release; as realloc, for what reallocarray makes of it differs.
  const std::uint32_t slot = record::resizing(block);
  void* const result = real::realloc(block, product);
  if (product == 0) {
    record::resized(Verb::kRealloc, slot, block, result, 0, 0);
  } else {
    record::resized(Verb::kReallocarray, slot, block, result, count, bytes);
  }
  return result;
}

HAK_RECORDED void* memalign(std::size_t align, std::size_t bytes) noexcept {
  // glibc rounds what is no power of two up; the log has what it becomes.
  std::size_t power = 1;
  while (power < align && power < SIZE_MAX / 2) power *= 2;
  return memalign_as(Verb::kMemalign, power, bytes);
}

HAK_RECORDED void* aligned_alloc(std::size_t align, std::size_t bytes) noexcept {
  if (!is_power_of_two(align)) {
    errno = EINVAL;
    return nullptr;
  }
  return memalign_as(Verb::kAlignedAlloc, align, bytes);
}

HAK_RECORDED int posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  if (align % sizeof(void*) != 0 || !is_power_of_two(align)) return EINVAL;
  const int saved = errno;
  void* const block = memalign_as(Verb::kPosixMemalign, align, bytes);
  errno = saved;
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}

HAK_RECORDED void* valloc(std::size_t bytes) noexcept {
  void* const block = real::memalign(kPageBytes, bytes);
  record::allocated(Verb::kValloc, block, bytes, 0);
  return block;
}

HAK_RECORDED void* pvalloc(std::size_t bytes) noexcept {
  if (bytes > PTRDIFF_MAX) {
    errno = ENOMEM;
    return nullptr;
  }
  const std::size_t whole = ((bytes == 0 ? 1 : bytes) + kPageBytes - 1) & ~(kPageBytes - 1);
  void* const block = real::memalign(kPageBytes, whole);
  record::allocated(Verb::kPvalloc, block, bytes, 0);
  return block;
}

HAK_RECORDED std::size_t malloc_usable_size(void* block) noexcept {
  static auto* const next = next_function<std::size_t(void*)>("malloc_usable_size");
  record::looked(Verb::kUsableSize, block);
  return next(block);
}

HAK_RECORDED int malloc_trim(std::size_t pad) noexcept {
  static auto* const next = next_function<int(std::size_t)>("malloc_trim");
  record::happened(Verb::kPurge);
  return next(pad);
}
