// Blocks: alignment, usable size, zeroing, content through realloc, the calls that only inform.
#include "api_case.h"

#include <malloc.h>

#include <initializer_list>

namespace hakmem::stress {
namespace {

constexpr std::size_t kTiers[] = {1,    16,    100,   1000,  1024,   1025,    4000,   8192,
                                  9000, 32768, 65536, 65537, 200000, 1 << 20, 3 << 20};

void expect_aligned(const void* block, std::size_t align, const char* what, std::size_t bytes) {
  HAK_EXPECT(block != nullptr, "%s(%zu) returned NULL", what, bytes);
  HAK_EXPECT(reinterpret_cast<std::uintptr_t>(block) % align == 0,
             "%s(%zu): %p is not aligned to %zu", what, bytes, block, align);
}

template <class Allocate>
void sixteen_for_all(const char* what, Allocate allocate) {
  for (std::size_t n = 0; n <= 5000; ++n) {
    void* first = allocate(n);
    void* second = allocate(n);
    expect_aligned(first, alignment_due(n, is_foreign()), what, n);
    expect_aligned(second, alignment_due(n, is_foreign()), what, n);
    std::free(first);
    std::free(second);
  }
}

HAK_API_CASE(sixteen_malloc, "blocks.aligned_16_malloc") {
  sixteen_for_all("malloc", [](std::size_t n) { return std::malloc(opaque(n)); });
}

HAK_API_CASE(sixteen_calloc, "blocks.aligned_16_calloc") {
  sixteen_for_all("calloc", [](std::size_t n) { return std::calloc(opaque(n), 1); });
}

HAK_API_CASE(sixteen_realloc, "blocks.aligned_16_realloc") {
  sixteen_for_all("realloc", [](std::size_t n) {
    return std::realloc(std::malloc(3), n == 0 ? 1 : n);
  });
}

HAK_API_CASE(huge_alignment, "blocks.alignment_up_to_1_gib") {
  for (std::size_t align = 16; align <= std::size_t{1} << 30; align *= 2) {
    for (std::size_t n : {std::size_t{1}, std::size_t{1000}, std::size_t{100000}}) {
      void* blocks[3] = {aligned_alloc(align, n), memalign(align, n), nullptr};
      HAK_EXPECT(posix_memalign(&blocks[2], align, n) == 0, "posix_memalign(%zu, %zu)", align, n);
      for (int i = 0; i < 3; ++i) {
        expect_aligned(blocks[i], align, "aligned allocation", n);
        HAK_EXPECT(malloc_usable_size(blocks[i]) >= n, "usable size below %zu", n);
        stamp(blocks[i], n, static_cast<std::uint64_t>(i) + align);
      }
      for (int i = 0; i < 3; ++i) {
        HAK_EXPECT(first_damage(blocks[i], n, static_cast<std::uint64_t>(i) + align) == n,
                   "content changed");
        std::free(blocks[i]);
      }
    }
  }
}

HAK_API_CASE(many_aligned, "blocks.many_aligned_are_disjoint") {
  static void* blocks[2000];
  static std::size_t sizes[2000];
  Rng rng(3);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::size_t align = std::size_t{8} << rng.below(10);
    sizes[i] = rng.below(5000);
    HAK_EXPECT(posix_memalign(&blocks[i], align, sizes[i]) == 0, "posix_memalign");
    expect_aligned(blocks[i], align, "posix_memalign", sizes[i]);
    stamp(blocks[i], sizes[i], i);
  }
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::size_t at = i * 1181 % 2000;
    HAK_EXPECT(first_damage(blocks[at], sizes[at], at) == sizes[at], "block %zu was changed", at);
    std::free(blocks[at]);
  }
}

HAK_API_CASE(realloc_aligned, "blocks.realloc_of_an_aligned_block") {
  for (std::size_t align = 32; align <= std::size_t{1} << 20; align *= 4) {
    void* block = aligned_alloc(align, 3000);
    expect_aligned(block, align, "aligned_alloc", 3000);
    stamp(block, 3000, align);
    for (std::size_t n : {std::size_t{5000}, std::size_t{200000}, std::size_t{3000}}) {
      block = std::realloc(block, n);
      HAK_EXPECT(block != nullptr, "realloc to %zu", n);
      HAK_EXPECT(first_damage(block, 3000, align) == 3000, "content lost at %zu", n);
    }
    std::free(block);
  }
}

HAK_API_CASE(usable, "blocks.usable_size_can_be_written") {
  for (std::size_t n : kTiers) {
    void* first = std::malloc(n);
    void* second = std::malloc(n);
    const std::size_t usable = malloc_usable_size(first);
    HAK_EXPECT(usable >= n, "usable size %zu of %zu", usable, n);
    std::memset(second, 0x11, malloc_usable_size(second));
    std::memset(first, 0x22, usable);
    HAK_EXPECT(static_cast<char*>(second)[0] == 0x11, "the neighbour was changed");
    HAK_EXPECT(malloc_usable_size(first) == usable, "the usable size changed");
    std::free(first);
    std::free(second);
  }
}

HAK_API_CASE(usable_grown, "blocks.realloc_keeps_up_to_usable_size") {
  for (std::size_t n : kTiers) {
    void* block = std::malloc(n);
    const std::size_t usable = malloc_usable_size(block);
    stamp(block, usable, n);
    block = std::realloc(block, usable + 5000);
    HAK_EXPECT(first_damage(block, usable, n) == usable, "content of %zu usable bytes lost",
               usable);
    std::free(block);
  }
}

HAK_API_CASE(page_blocks, "blocks.valloc_and_pvalloc") {
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                        std::size_t{4097}, std::size_t{100000}}) {
    void* first = valloc(opaque(n));
    void* second = pvalloc(opaque(n));
    // Of no bytes the old standard leaves the pointer open.
    if (n != 0 || !is_foreign()) {
      expect_aligned(first, 4096, "valloc", n);
      expect_aligned(second, 4096, "pvalloc", n);
    }
    const std::size_t pages = (n + 4095) / 4096 * 4096;
    HAK_EXPECT(malloc_usable_size(second) >= pages, "pvalloc(%zu) has %zu usable bytes", n,
               malloc_usable_size(second));
    std::memset(second, 1, pages);
    std::free(first);
    std::free(second);
  }
}

void calloc_after_dirt(std::size_t n, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    void* dirty = std::malloc(n);
    HAK_EXPECT(dirty != nullptr, "malloc(%zu)", n);
    std::memset(dirty, 0xa5, n);
    std::free(dirty);
    const char* clean = static_cast<const char*>(std::calloc(n, 1));
    HAK_EXPECT(clean != nullptr, "calloc(%zu)", n);
    for (std::size_t at = 0; at < n; ++at)
      HAK_EXPECT(clean[at] == 0, "calloc(%zu) byte %zu", n, at);
    std::memset(const_cast<char*>(clean), 0x5a, n);
    std::free(const_cast<char*>(clean));
  }
}

HAK_API_CASE(calloc_small, "blocks.calloc_is_zero_small") {
  for (std::size_t n = 1; n <= 2048; ++n) calloc_after_dirt(n, 3);
}

HAK_API_CASE(calloc_pool, "blocks.calloc_is_zero_pool") {
  for (std::size_t n = 2049; n <= 70000; n += 701) calloc_after_dirt(n, 3);
}

HAK_API_CASE(calloc_large, "blocks.calloc_is_zero_large") {
  for (std::size_t n : {std::size_t{70001}, std::size_t{1} << 20, std::size_t{5} << 20}) {
    calloc_after_dirt(n, 10);
  }
}

HAK_API_CASE(calloc_huge, "blocks.calloc_is_zero_huge") {
  calloc_after_dirt(std::size_t{40} << 20, 2);
}

HAK_API_CASE(calloc_neighbours, "blocks.calloc_is_zero_in_a_used_slab") {
  static void* blocks[3000];
  for (int round = 0; round < 10; ++round) {
    for (void*& block : blocks) {
      block = std::malloc(96);
      std::memset(block, 0xff, 96);
    }
    for (void* block : blocks) std::free(block);
    for (void*& block : blocks) {
      block = std::calloc(6, 16);
      for (int i = 0; i < 96; ++i) HAK_EXPECT(static_cast<char*>(block)[i] == 0, "byte %d", i);
    }
    for (void* block : blocks) std::free(block);
  }
}

HAK_API_CASE(realloc_tiers, "blocks.realloc_between_all_tiers") {
  for (std::size_t from : kTiers) {
    for (std::size_t to : kTiers) {
      void* block = std::malloc(from);
      stamp(block, from, from + to);
      block = std::realloc(block, opaque(to));
      HAK_EXPECT(block != nullptr, "realloc from %zu to %zu", from, to);
      const std::size_t kept = from < to ? from : to;
      HAK_EXPECT(first_damage(block, kept, from + to) == kept, "content lost from %zu to %zu", from,
                 to);
      std::free(block);
    }
  }
}

HAK_API_CASE(realloc_growth, "blocks.realloc_grows_step_by_step") {
  void* block = nullptr;
  std::size_t bytes = 0;
  for (std::size_t n = 1; n < std::size_t{80} << 20; n += n / 2 + 1) {
    block = std::realloc(block, n);
    HAK_EXPECT(block != nullptr, "realloc to %zu", n);
    HAK_EXPECT(first_damage(block, bytes, 99) == bytes, "content lost on the way to %zu", n);
    bytes = n;
    stamp(block, bytes, 99);
  }
  for (; bytes > 0; bytes /= 3) {
    block = std::realloc(block, bytes);
    HAK_EXPECT(first_damage(block, bytes, 99) == bytes, "content lost on the way down at %zu",
               bytes);
  }
  std::free(block);
}

HAK_API_CASE(libc_names, "blocks.libc_names_and_plain_names_mix") {
  const auto libc_malloc =
      reinterpret_cast<void* (*)(std::size_t)>(function_named("__libc_malloc"));
  Dl_info where = {};
  const bool known = dladdr(reinterpret_cast<void*>(libc_malloc), &where) != 0;
  if (is_foreign() && known && std::strstr(where.dli_fname, "libc.so") != nullptr) {
    skip_case("__libc_malloc is the C library's own: its blocks are not this malloc's");
  }
  const auto libc_free = reinterpret_cast<void (*)(void*)>(function_named("__libc_free"));
  const auto libc_realloc =
      reinterpret_cast<void* (*)(void*, std::size_t)>(function_named("__libc_realloc"));
  const auto libc_memalign =
      reinterpret_cast<void* (*)(std::size_t, std::size_t)>(function_named("__libc_memalign"));
  for (std::size_t n : kTiers) {
    std::free(libc_malloc(n));
    libc_free(std::malloc(n));
    std::free(libc_realloc(std::malloc(10), n));
    void* block = libc_memalign(256, n);
    expect_aligned(block, 256, "__libc_memalign", n);
    std::free(std::realloc(block, n + 1));
  }
}

HAK_API_CASE(sized_frees, "blocks.free_sized_and_free_aligned_sized") {
  const auto sized = reinterpret_cast<void (*)(void*, std::size_t)>(function_named("free_sized"));
  const auto aligned = reinterpret_cast<void (*)(void*, std::size_t, std::size_t)>(
      function_named("free_aligned_sized"));
  errno = 4711;
  for (std::size_t n : kTiers) {
    sized(std::malloc(n), n);
    aligned(aligned_alloc(64, (n + 63) / 64 * 64), 64, (n + 63) / 64 * 64);
  }
  sized(nullptr, 0);
  aligned(nullptr, 64, 0);
  HAK_EXPECT(errno == 4711, "errno became %d", errno);
}

HAK_API_CASE(cfree_works, "blocks.cfree") {
  const auto release = reinterpret_cast<void (*)(void*)>(function_named("cfree"));
  for (std::size_t n : kTiers) release(std::malloc(n));
}

HAK_API_CASE(informs, "blocks.mallinfo_mallopt_trim") {
  const struct mallinfo2 info = mallinfo2();
  HAK_EXPECT(info.uordblks <= SIZE_MAX / 2, "mallinfo2 says %zu bytes in use", info.uordblks);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 2);
  HAK_EXPECT(mallopt(-12345, 1) == 0 || mallopt(-12345, 1) == 1, "mallopt");
  void* block = std::malloc(5 << 20);
  std::memset(block, 1, 5 << 20);
  std::free(block);
  const int trimmed = malloc_trim(0);
  HAK_EXPECT(trimmed == 0 || trimmed == 1, "malloc_trim returned %d", trimmed);
}

HAK_API_CASE(info_stream, "blocks.malloc_info_to_a_stream") {
  char* text = nullptr;
  std::size_t length = 0;
  // The stream's own buffer grows by realloc while malloc_info writes.
  std::FILE* stream = open_memstream(&text, &length);
  HAK_EXPECT(malloc_info(0, stream) == 0, "malloc_info failed");
  std::fclose(stream);
  HAK_EXPECT(length > 0 && std::strstr(text, "<malloc") != nullptr, "no XML: %.60s", text);
  std::free(text);
  errno = 0;
  HAK_EXPECT(malloc_info(1, stderr) != 0, "malloc_info accepts an unknown option");
}

HAK_API_CASE(stats, "blocks.malloc_stats_returns") {
  // The parent takes what is on standard error for a reason only when the case fails.
  malloc_stats();
  std::free(std::malloc(10));
}

}  // namespace
}  // namespace hakmem::stress
