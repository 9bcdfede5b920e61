// Failures and edges: NULL with ENOMEM, products that overflow, size zero, EINVAL, errno kept.
#include "api_case.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>

#include <initializer_list>

namespace hakmem::stress {
namespace {

constexpr std::size_t kTooMuch[] = {std::size_t{PTRDIFF_MAX} + 1, SIZE_MAX - 4096, SIZE_MAX - 1,
                                    SIZE_MAX};
constexpr std::size_t kTiers[] = {1, 64, 1024, 8192, 60000, 300000, 1 << 20, 40 << 20};

/// The block is NULL and errno is ENOMEM; `what` names the call.
void expect_refused(const void* block, const char* what, std::size_t bytes) {
  HAK_EXPECT(block == nullptr, "%s(%zu) returned %p", what, bytes, block);
  HAK_EXPECT(errno == ENOMEM, "%s(%zu) left errno %d, not ENOMEM", what, bytes, errno);
  errno = 0;
}

/// What realloc(p, 0) returned: NULL as glibc does it; C17 lets others return a block of no bytes.
void expect_freed(void* block) {
  HAK_EXPECT(block == nullptr || is_foreign(), "realloc(p, 0) is not NULL");
  std::free(block);
}

/// A live block with content, which a failed realloc must not touch.
struct Kept {
  void* block = std::malloc(1000);
  Kept() { stamp(block, 1000, 5); }
  void expect_intact() const {
    HAK_EXPECT(first_damage(block, 1000, 5) == 1000, "the old block was changed");
    std::free(block);
  }
};

/// Limits the process to `more` bytes of address space beyond what it has.
void allow_address_space(std::size_t more) {
  char text[64] = {};
  const int file = open("/proc/self/statm", O_RDONLY);
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  HAK_EXPECT(length > 0, "cannot read /proc/self/statm: %s", std::strerror(errno));
  const std::size_t bytes =
      std::strtoull(text, nullptr, 10) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + more;
  const rlimit limit{bytes, bytes};
  HAK_EXPECT(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit: %s", std::strerror(errno));
}

HAK_API_CASE(malloc_too_much, "errors.malloc_over_ptrdiff_max") {
  for (std::size_t n : kTooMuch) expect_refused(std::malloc(opaque(n)), "malloc", n);
}

HAK_API_CASE(malloc_ptrdiff_max, "errors.malloc_ptrdiff_max") {
  const std::size_t n = PTRDIFF_MAX;
  expect_refused(std::malloc(opaque(n)), "malloc", n);
}

HAK_API_CASE(calloc_too_much, "errors.calloc_over_ptrdiff_max") {
  for (std::size_t n : kTooMuch) expect_refused(std::calloc(1, opaque(n)), "calloc", n);
}

HAK_API_CASE(calloc_product, "errors.calloc_product_overflow") {
  for (std::size_t n : {SIZE_MAX / 2 + 1, SIZE_MAX / 3 + 1, std::size_t{1} << 63}) {
    expect_refused(std::calloc(opaque(n), 2 + (n < SIZE_MAX / 2)), "calloc", n);
  }
  expect_refused(std::calloc(opaque(std::size_t{1} << 32), std::size_t{1} << 32), "calloc", 0);
  expect_refused(std::calloc(opaque((std::size_t{1} << 32) + 1), std::size_t{1} << 32), "calloc",
                 1);
}

HAK_API_CASE(reallocarray_product, "errors.reallocarray_product_overflow") {
  const Kept kept;
  expect_refused(reallocarray(kept.block, opaque(std::size_t{1} << 32), std::size_t{1} << 32),
                 "reallocarray", 0);
  expect_refused(reallocarray(kept.block, opaque(SIZE_MAX), 2), "reallocarray", SIZE_MAX);
  expect_refused(reallocarray(nullptr, opaque(SIZE_MAX), 16), "reallocarray", SIZE_MAX);
  kept.expect_intact();
}

HAK_API_CASE(realloc_too_much, "errors.realloc_keeps_block_on_failure") {
  const Kept kept;
  for (std::size_t n : kTooMuch) expect_refused(std::realloc(kept.block, opaque(n)), "realloc", n);
  kept.expect_intact();
}

HAK_API_CASE(realloc_zero, "errors.realloc_zero_frees") {
  for (std::size_t n : kTiers) {
    void* block = std::malloc(n);
    HAK_EXPECT(block != nullptr, "malloc(%zu)", n);
    expect_freed(std::realloc(block, opaque(std::size_t{0})));
  }
}

HAK_API_CASE(realloc_zero_bounded, "errors.realloc_zero_gives_memory_back") {
  // 64 GiB in all: only when each block was really freed does this fit.
  std::free(std::malloc(1 << 20));  // whatever an allocator reserves for itself, it has now
  allow_address_space(std::size_t{8} << 30);
  for (int i = 0; i < 65536; ++i) {
    void* block = std::malloc(1 << 20);
    HAK_EXPECT(block != nullptr, "out of memory after %d blocks of 1 MiB", i);
    static_cast<char*>(block)[i % (1 << 20)] = 1;
    expect_freed(std::realloc(block, opaque(std::size_t{0})));
  }
}

HAK_API_CASE(reallocarray_zero, "errors.reallocarray_zero_frees") {
  expect_freed(reallocarray(std::malloc(10), opaque(std::size_t{0}), 8));
}

HAK_API_CASE(realloc_null, "errors.realloc_null_is_malloc") {
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{100000}}) {
    void* block = std::realloc(nullptr, opaque(n));
    HAK_EXPECT(block != nullptr, "realloc(NULL, %zu) returned NULL", n);
    std::free(block);
  }
}

HAK_API_CASE(zero_unique, "errors.size_zero_is_unique") {
  void* blocks[200];
  for (int i = 0; i < 200; i += 2) {
    blocks[i] = std::malloc(opaque(std::size_t{0}));
    blocks[i + 1] = std::calloc(opaque(std::size_t{0}), static_cast<std::size_t>(i));
  }
  for (int i = 0; i < 200; ++i) {
    HAK_EXPECT(blocks[i] != nullptr, "block %d of size 0 is NULL", i);
    for (int j = 0; j < i; ++j)
      HAK_EXPECT(blocks[i] != blocks[j], "blocks %d and %d are one", i, j);
  }
  for (void* block : blocks) std::free(block);
}

HAK_API_CASE(free_null, "errors.free_null") {
  errno = 77;
  std::free(nullptr);
  HAK_EXPECT(errno == 77, "errno became %d", errno);
}

HAK_API_CASE(free_errno, "errors.free_keeps_errno") {
  for (std::size_t n : kTiers) {
    for (int count : {1, 50}) {
      void* blocks[50] = {};
      for (int i = 0; i < count; ++i) blocks[i] = std::malloc(n);
      for (int i = 0; i < count; ++i) {
        errno = 4242;
        std::free(blocks[i]);
        HAK_EXPECT(errno == 4242, "free of %zu bytes changed errno to %d", n, errno);
      }
    }
  }
}

HAK_API_CASE(usable_null, "errors.usable_size_of_null") {
  HAK_EXPECT(malloc_usable_size(nullptr) == 0, "usable size of NULL is not 0");
}

HAK_API_CASE(posix_invalid, "errors.posix_memalign_einval") {
  for (std::size_t align : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{4},
                            std::size_t{12}, std::size_t{24}, std::size_t{100}, SIZE_MAX}) {
    void* pointer = &pointer;
    const int result = posix_memalign(&pointer, opaque(align), 64);
    HAK_EXPECT(result == EINVAL, "alignment %zu: result %d", align, result);
    HAK_EXPECT(pointer == &pointer, "alignment %zu: the pointer was changed", align);
  }
}

HAK_API_CASE(posix_no_memory, "errors.posix_memalign_enomem") {
  for (std::size_t n : kTooMuch) {
    for (std::size_t align : {std::size_t{8}, std::size_t{64}, std::size_t{1} << 20}) {
      void* pointer = &pointer;
      errno = EBADF;
      const int result = posix_memalign(&pointer, align, opaque(n));
      HAK_EXPECT(result == ENOMEM, "size %zu, alignment %zu: result %d", n, align, result);
      // The result says it all; POSIX leaves errno open, and glibc sets it.
      HAK_EXPECT(!has_subject() || is_foreign() || errno == EBADF, "size %zu: errno became %d", n,
                 errno);
      HAK_EXPECT(pointer == &pointer, "size %zu: the pointer was changed", n);
    }
  }
}

HAK_API_CASE(posix_zero, "errors.posix_memalign_zero") {
  void* first = nullptr;
  void* second = nullptr;
  HAK_EXPECT(posix_memalign(&first, 64, opaque(std::size_t{0})) == 0, "first");
  HAK_EXPECT(posix_memalign(&second, 64, opaque(std::size_t{0})) == 0, "second");
  HAK_EXPECT(first != nullptr && first != second, "%p and %p", first, second);
  std::free(first);
  std::free(second);
}

HAK_API_CASE(align_plus_size, "errors.alignment_plus_size_overflow") {
  const std::size_t huge = std::size_t{1} << 62;
  expect_refused(aligned_alloc(4096, opaque(SIZE_MAX - 100)), "aligned_alloc", 4096);
  expect_refused(aligned_alloc(opaque(huge), huge), "aligned_alloc", huge);
  expect_refused(memalign(opaque(huge), opaque(SIZE_MAX - huge + 1)), "memalign", huge);
  expect_refused(memalign(std::size_t{1} << 30, opaque(std::size_t{PTRDIFF_MAX})), "memalign",
                 PTRDIFF_MAX);
  expect_refused(memalign(opaque(huge), 1), "memalign", huge);
  expect_refused(valloc(opaque(SIZE_MAX)), "valloc", SIZE_MAX);
  expect_refused(valloc(opaque(SIZE_MAX - 4095)), "valloc", SIZE_MAX - 4095);
  expect_refused(pvalloc(opaque(SIZE_MAX)), "pvalloc", SIZE_MAX);
  expect_refused(pvalloc(opaque(SIZE_MAX - 4096)), "pvalloc", SIZE_MAX - 4096);
}

HAK_API_CASE(odd_alignment, "errors.alignment_no_power_of_two") {
  // glibc up to 2.37 rounds the alignment up, later versions refuse aligned_alloc: both are right.
  for (std::size_t align : {std::size_t{3}, std::size_t{24}, std::size_t{100}, std::size_t{5000}}) {
    for (void* (*way)(std::size_t, std::size_t) : {aligned_alloc, memalign}) {
      std::size_t power = 1;
      while (power < align) power *= 2;
      errno = 0;
      void* block = way(opaque(align), 128);
      // C asks of others only that such a call returns NULL or a block.
      if (block == nullptr) {
        HAK_EXPECT(errno == EINVAL || is_foreign(), "alignment %zu: NULL with errno %d", align,
                   errno);
        continue;
      }
      HAK_EXPECT(reinterpret_cast<std::uintptr_t>(block) % power == 0 || is_foreign(),
                 "alignment %zu: %p", align, block);
      stamp(block, 128, 1);
      std::free(block);
    }
  }
}

HAK_API_CASE(enormous_alignment, "errors.memalign_alignment_over_half") {
  errno = 0;
  void* block = memalign(opaque(SIZE_MAX / 2 + 2), 16);
  HAK_EXPECT(block == nullptr, "returned %p", block);
  HAK_EXPECT(errno == EINVAL || errno == ENOMEM || is_foreign(), "errno %d", errno);
}

HAK_API_CASE(recovers, "errors.works_after_refusals") {
  for (int i = 0; i < 1000; ++i) {
    const std::size_t too_much = SIZE_MAX - static_cast<std::size_t>(i);
    expect_refused(std::malloc(opaque(too_much)), "malloc", too_much);
    void* block = std::malloc(static_cast<std::size_t>(i) * 50);
    HAK_EXPECT(block != nullptr, "NULL after %d refusals", i);
    std::free(block);
  }
}

}  // namespace
}  // namespace hakmem::stress
