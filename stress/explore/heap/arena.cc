// os/os.h for the explorer. Calls that a heap of level 0 does not make are not defined here.
#include "explore/heap/arena.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#include "explore/explorer.h"
#include "explore/runtime/silence.h"
#include "explore/runtime/sync.h"
#include "os/os.h"

namespace explore_heap {

namespace {

// Two address maps of 16 GiB, and a little.
constexpr std::size_t kArenaBytes = std::size_t{40} << 30;
constexpr std::size_t kBigMapBytes = std::size_t{1} << 30;

std::byte* g_begin = nullptr;
std::byte* g_next = nullptr;
std::byte* g_frozen = nullptr;
SystemTraits g_traits;
unsigned g_refusals_left = 0;

std::byte* take(std::size_t bytes, std::size_t align) {
  if (g_refusals_left != 0) {
    --g_refusals_left;
    return nullptr;
  }
  if (g_traits.refuses_big_maps && bytes >= kBigMapBytes) return nullptr;
  const std::size_t used = static_cast<std::size_t>(g_next - g_begin);
  const std::size_t start = (used + align - 1) / align * align;
  if (start + bytes > kArenaBytes) return nullptr;
  g_next = g_begin + start + bytes;
  return g_begin + start;
}

}  // namespace

void set_up_arena() {
  void* const memory = mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "explore: the system refuses 40 GiB of address space\n");
    std::exit(125);
  }
  constexpr std::size_t kGranule = hakmem::kGranuleBytes;
  g_begin = static_cast<std::byte*>(memory);
  g_begin += (kGranule - reinterpret_cast<std::uintptr_t>(g_begin) % kGranule) % kGranule;
  g_next = g_frozen = g_begin;
  explore::keep_state(g_begin, kArenaBytes);
}

void clear_arena() {
  madvise(g_begin, static_cast<std::size_t>(g_next - g_begin), MADV_DONTNEED);
  g_next = g_frozen = g_begin;
  g_refusals_left = 0;
}

void set_system(const SystemTraits& traits) { g_traits = traits; }
void freeze_arena() { g_frozen = g_next; }
void reset_arena() {
  g_next = g_frozen;
  g_refusals_left = g_traits.refusals;
}

}  // namespace explore_heap

namespace hakmem::os {

std::byte* map(std::size_t bytes, Access) noexcept {
  return explore_heap::take(bytes, kPageBytes);
}

std::byte* map_aligned(std::size_t bytes, std::size_t align) noexcept {
  return explore_heap::take(bytes, align);
}

bool unmap(std::byte* begin, std::size_t bytes) noexcept {
  explore::zero_written(begin, bytes);
  return true;
}

bool resize_in_place(std::byte*, std::size_t old_bytes, std::size_t new_bytes) noexcept {
  return new_bytes <= old_bytes;
}

bool move_pages(std::byte*, std::size_t, std::byte*, std::size_t) noexcept { return false; }

bool make_writable(std::byte*, std::size_t) noexcept { return true; }

bool discard(std::byte* begin, std::size_t bytes) noexcept {
  explore::zero_written(begin, bytes);
  return true;
}

void advise_huge_pages(std::byte*, std::size_t) noexcept {}
void collapse_to_huge_pages(std::byte*, std::size_t) noexcept {}

std::uint64_t now_ms() noexcept { return explore::virtual_ms(); }
bool address_space_is_scarce() noexcept { return explore_heap::g_traits.scarce; }

void wait_on(const std::uint32_t* word, std::uint32_t expected) noexcept {
  if (explore::g_engaged) explore::futex_wait(word, expected, __builtin_return_address(0));
}

void wake_one(const std::uint32_t* word) noexcept {
  if (explore::g_engaged) explore::futex_wake(word, 1, __builtin_return_address(0));
}

}  // namespace hakmem::os
