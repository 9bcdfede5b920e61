// Every size from 0 to 70 000, and every power of two ± 1 up to 2^40, by every entry point of the
// malloc API: the block is aligned, writable from its first byte to its usable end, disjoint from
// the blocks that live at the same time and keeps its content, or the answer is NULL with ENOMEM.
// Run by CTest with any preloaded malloc: size_matrix [--only ENTRY] [--size N] [--list] Invariant:
// up to kMustSucceedBytes NULL is a failure, above kRequestMaxBytes a block is.
#include "check.h"
#include "memory_watch.h"

#include <malloc.h>

#include <new>

namespace hakmem::stress {
namespace {

constexpr std::size_t kDenseMax = 70000;
constexpr std::size_t kMustSucceedBytes = std::size_t{1} << 28;
constexpr std::size_t kRequestMaxBytes = PTRDIFF_MAX;
constexpr std::size_t kStampAllBytes = 2048;                  // up to here every byte is stamped
constexpr std::size_t kTouchAllBytes = std::size_t{1} << 17;  // up to here calloc is read whole
constexpr std::size_t kWindow = 192;                          // blocks that live at the same time
constexpr std::size_t kEdgeBytes = 256;  // stamped at the start of what is longer

enum class Release : unsigned char { Free, Delete, DeleteArray, DeleteAligned };

struct Entry {
  const char* name;
  void* (*allocate)(std::size_t bytes, std::size_t align);
  std::size_t align;
  bool zeroed;
  bool dense;  ///< all sizes up to kDenseMax, else a grid
  Release release;
};

void* by_malloc(std::size_t n, std::size_t) { return std::malloc(opaque(n)); }
void* by_calloc(std::size_t n, std::size_t) { return std::calloc(opaque(n), 1); }
void* by_calloc_pairs(std::size_t n, std::size_t) {
  return n % 8 == 0 ? std::calloc(n / 8, opaque(std::size_t{8})) : std::calloc(1, opaque(n));
}
void* by_reallocarray(std::size_t n, std::size_t) { return reallocarray(nullptr, opaque(n), 1); }
void* by_aligned_alloc(std::size_t n, std::size_t a) { return aligned_alloc(opaque(a), opaque(n)); }
void* by_memalign(std::size_t n, std::size_t a) { return memalign(opaque(a), opaque(n)); }
void* by_valloc(std::size_t n, std::size_t) { return valloc(opaque(n)); }
void* by_pvalloc(std::size_t n, std::size_t) { return pvalloc(opaque(n)); }
void* by_new(std::size_t n, std::size_t) { return ::operator new(opaque(n), std::nothrow); }
void* by_new_array(std::size_t n, std::size_t) { return ::operator new[](opaque(n), std::nothrow); }
void* by_new_aligned(std::size_t n, std::size_t a) {
  return ::operator new (opaque(n), std::align_val_t{opaque(a)}, std::nothrow);
}

void* by_throwing_new(std::size_t n, std::size_t) {
  try {
    return ::operator new(opaque(n));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* by_posix_memalign(std::size_t n, std::size_t a) {
  void* block = nullptr;
  errno = posix_memalign(&block, a, opaque(n));
  return block;
}

/// Resizes a stamped block of `from` bytes to `n` and compares what must have survived.
void* resized(std::size_t from, std::size_t n) {
  void* block = std::malloc(opaque(from));
  if (block == nullptr) return nullptr;
  const std::size_t kept = from < n ? from : n;
  const std::size_t checked = kept < kStampAllBytes ? kept : kStampAllBytes;
  stamp(block, checked, n);
  void* moved = std::realloc(block, opaque(n));
  if (n == 0) {
    if (moved != nullptr) die("FAIL realloc(p, 0) returned %p, not NULL", moved);
    return std::malloc(0);
  }
  if (first_damage(moved != nullptr ? moved : block, checked, n) != checked) {
    die("FAIL realloc from %zu to %zu lost content (%s)", from, n, moved ? "moved" : "failed");
  }
  if (moved == nullptr) {
    const int error = errno;
    std::free(block);
    errno = error;
  }
  return moved;
}

void* by_realloc_fresh(std::size_t n, std::size_t) { return std::realloc(nullptr, opaque(n)); }
void* by_realloc_grow(std::size_t n, std::size_t) { return resized(n / 2 < 24 ? n / 2 : 24, n); }
void* by_realloc_half(std::size_t n, std::size_t) { return resized(n / 2 + 1, n); }
void* by_realloc_shrink(std::size_t n, std::size_t) {
  return resized(n <= kRequestMaxBytes / 2 ? n + n / 2 + 40 : n, n);
}

constexpr Entry kPlainEntries[] = {
    {"malloc", by_malloc, 16, false, true, Release::Free},
    {"calloc", by_calloc, 16, true, true, Release::Free},
    {"calloc_pairs", by_calloc_pairs, 16, true, false, Release::Free},
    {"reallocarray", by_reallocarray, 16, false, true, Release::Free},
    {"realloc_fresh", by_realloc_fresh, 16, false, true, Release::Free},
    {"realloc_grow", by_realloc_grow, 16, false, true, Release::Free},
    {"realloc_half", by_realloc_half, 16, false, true, Release::Free},
    {"realloc_shrink", by_realloc_shrink, 16, false, true, Release::Free},
    {"valloc", by_valloc, 4096, false, true, Release::Free},
    {"pvalloc", by_pvalloc, 4096, false, true, Release::Free},
    {"new", by_new, 16, false, true, Release::Delete},
    {"new_array", by_new_array, 16, false, false, Release::DeleteArray},
    {"throwing_new", by_throwing_new, 16, false, false, Release::Delete},
    {"new_aligned_64", by_new_aligned, 64, false, true, Release::DeleteAligned},
    {"memalign_8", by_memalign, 8, false, false, Release::Free},
    {"posix_memalign_8", by_posix_memalign, 8, false, false, Release::Free},
};

struct Live {
  char* start = nullptr;
  std::size_t usable = 0;
  std::size_t bytes = 0;
  std::uint64_t key = 0;
  std::size_t stamped = 0;
  const Entry* entry = nullptr;
};

Live live[kWindow];
std::size_t live_next = 0;
std::size_t blocks_checked = 0;
std::size_t refusals = 0;
/// The lines below print addresses; a char* would be taken for a string.
const void* address(const char* block) { return block; }

void release(Live& block) {
  if (block.start == nullptr) return;
  const std::size_t at = first_damage(block.start, block.stamped, block.key);
  if (at != block.stamped) {
    die("FAIL %s(%zu): content changed at +%zu", block.entry->name, block.bytes, at);
  }
  if (block.usable > block.stamped && block.start[block.usable - 1] != 0x5a) {
    die("FAIL %s(%zu): last usable byte changed", block.entry->name, block.bytes);
  }
  // What calloc gets next was full of something else.
  if (block.entry->zeroed && block.bytes <= kTouchAllBytes) {
    std::memset(block.start, 0xee, block.usable);
  }
  switch (block.entry->release) {
    case Release::Free:
      std::free(block.start);
      break;
    case Release::Delete:
      ::operator delete(block.start);
      break;
    case Release::DeleteArray:
      ::operator delete[](block.start);
      break;
    case Release::DeleteAligned:
      ::operator delete (block.start, std::align_val_t{block.entry->align});
      break;
  }
  block = Live{};
}

void release_all() {
  for (Live& block : live) release(block);
}

void check_zeroed(const Entry& entry, const char* block, std::size_t bytes) {
  // Every byte of what fits a few pages, and a byte of each page behind that.
  const std::size_t all = bytes < kTouchAllBytes ? bytes : kTouchAllBytes;
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + 8 <= all && word == 0; i += 8) std::memcpy(&word, block + i, 8);
  for (i = i < 8 ? 0 : i - 8; i < all; ++i) {
    if (block[i] != 0) die("FAIL %s(%zu): byte %zu is not zero", entry.name, bytes, i);
  }
  if (bytes > all && (block[bytes - 1] != 0 || block[bytes / 2] != 0)) {
    die("FAIL %s(%zu): middle or last byte is not zero", entry.name, bytes);
  }
}

void check_refusal(const Entry& entry, std::size_t bytes, int error) {
  if (error != ENOMEM) die("FAIL %s(%zu): NULL with errno %d", entry.name, bytes, error);
  if (bytes <= kMustSucceedBytes) die("FAIL %s(%zu): NULL", entry.name, bytes);
  ++refusals;
}

/// Allocates once, checks everything that can be checked at once, and puts the block in the window.
void one_size(const Entry& entry, std::size_t bytes) {
  // A big block would push the window over the machine's memory limits: it lives alone.
  if (bytes > kMustSucceedBytes / 64) release_all();
  release(live[live_next]);
  memory_watch::now_entry = entry.name;
  memory_watch::now_bytes = bytes;
  errno = 0;
  char* block = static_cast<char*>(entry.allocate(bytes, entry.align));
  if (block == nullptr) return check_refusal(entry, bytes, errno);
  if (bytes > kRequestMaxBytes) die("FAIL %s(%zu): got %p", entry.name, bytes, address(block));
  if (reinterpret_cast<std::uintptr_t>(block) % entry.align != 0) {
    die("FAIL %s(%zu): %p is not aligned to %zu", entry.name, bytes, address(block), entry.align);
  }
  const std::size_t usable = malloc_usable_size(block);
  if (usable < bytes) die("FAIL %s(%zu): usable size %zu", entry.name, bytes, usable);
  for (const Live& other : live) {
    if (other.start == nullptr) continue;
    if (block == other.start) {
      die("FAIL %s(%zu): %p handed out twice", entry.name, bytes, address(block));
    }
    if (block < other.start + other.usable && other.start < block + usable) {
      die("FAIL %s(%zu): %p overlaps %p (%zu bytes)", entry.name, bytes, address(block),
          address(other.start), other.usable);
    }
  }
  if (entry.zeroed) check_zeroed(entry, block, bytes);
  const std::uint64_t key = bytes * 31 + ++blocks_checked;
  const std::size_t stamped = bytes <= kStampAllBytes ? bytes : kEdgeBytes;
  stamp(block, stamped, key);
  if (usable > 0 && usable > stamped) {
    if (bytes > stamped) block[bytes - 1] = 0x5a;
    block[usable - 1] = 0x5a;
  }
  live[live_next] = Live{block, usable, bytes, key, stamped, &entry};
  live_next = (live_next + 1) % kWindow;
  if (bytes > kMustSucceedBytes / 64) release_all();
}

void all_sizes(const Entry& entry) {
  std::size_t step = 1;
  for (std::size_t bytes = 0; bytes <= kDenseMax; bytes += step) {
    if (!entry.dense) step = bytes < 1100 ? 7 : 61;
    one_size(entry, bytes);
  }
  for (unsigned shift = 0; shift <= 40; ++shift) {
    const std::size_t power = std::size_t{1} << shift;
    for (std::size_t bytes : {power - 1, power, power + 1}) one_size(entry, bytes);
  }
  for (std::size_t bytes : {kRequestMaxBytes - 1, kRequestMaxBytes, kRequestMaxBytes + 1,
                            SIZE_MAX - 70000, SIZE_MAX - 4095, SIZE_MAX - 15, SIZE_MAX}) {
    one_size(entry, bytes);
  }
  release_all();
}

int run(int argc, char** argv) {
  require_subject();
  memory_watch::start();
  const char* only = text_option(argc, argv, "--only", nullptr);
  const bool list = has_option(argc, argv, "--list");
  const std::size_t size = number_option(argc, argv, "--size", SIZE_MAX);
  std::size_t entries = 0;
  const auto visit = [&](const Entry& entry) {
    if (only != nullptr && std::strcmp(only, entry.name) != 0) return;
    ++entries;
    if (list) {
      std::puts(entry.name);
      return;
    }
    char replay[128];
    std::snprintf(replay, sizeof replay, "size_matrix --only %s", entry.name);
    note_on_crash(replay);
    size != SIZE_MAX ? one_size(entry, size) : all_sizes(entry);
  };
  for (const Entry& entry : kPlainEntries) visit(entry);
  for (std::size_t align = 16; align <= 65536; align *= 2) {
    static char names[4][64];
    const char* kinds[] = {"aligned_alloc", "memalign", "posix_memalign", "new_aligned"};
    void* (*const ways[])(std::size_t, std::size_t) = {by_aligned_alloc, by_memalign,
                                                       by_posix_memalign, by_new_aligned};
    for (std::size_t kind = 0; kind < 4; ++kind) {
      std::snprintf(names[kind], sizeof names[kind], "%s_%zu", kinds[kind], align);
      const Release how = kind == 3 ? Release::DeleteAligned : Release::Free;
      static Entry entry;
      entry = Entry{names[kind], ways[kind], align, false, false, how};
      visit(entry);
    }
  }
  if (list) return 0;
  if (entries == 0) die("no entry point is called %s", only);
  std::printf("ok: %zu entry points, %zu blocks, %zu refusals with ENOMEM\n", entries,
              blocks_checked, refusals);
  return 0;
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) { return hakmem::stress::run(argc, argv); }
