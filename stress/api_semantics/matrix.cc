// Two matrices, a named check for each row: every alignment with sizes of all tiers through every
// call that takes one, and realloc from each size to each other, with a refusal in between.
// Invariant: many blocks of a cell live at once, since the first of a page is aligned by chance.
#include "api_case.h"

#include <malloc.h>

#include <iterator>
#include <utility>

namespace hakmem::stress {
namespace {

constexpr std::size_t kAlignments[] = {8,    16,   32,    64,    128,   256,    512,    1024,
                                       2048, 4096, 8192,  16384, 32768, 65536,  131072, 262144,
                                       1 << 20};
constexpr std::size_t kSizes[] = {1,    8,     24,    100,   256,   512,    777,    1024,   1025,
                                  2048, 4096,  10000, 32768, 65536, 65537,  300000, 1 << 20};
constexpr std::size_t kLive = 24;
constexpr std::size_t kCellBytesMax = std::size_t{64} << 20;

/// Whoever hands out an aligned block.
struct AlignedCall {
  const char* name;
  void* (*allocate)(std::size_t align, std::size_t bytes);
};

void* by_posix_memalign(std::size_t align, std::size_t bytes) {
  void* block = nullptr;
  const int result = posix_memalign(&block, align, bytes);
  HAK_EXPECT(result == 0, "posix_memalign(%zu, %zu): result %d", align, bytes, result);
  return block;
}

constexpr AlignedCall kCalls[] = {
    {"posix_memalign", by_posix_memalign},
    {"aligned_alloc", [](std::size_t align, std::size_t bytes) {
       return aligned_alloc(align, bytes);
     }},
    {"memalign", [](std::size_t align, std::size_t bytes) { return memalign(align, bytes); }},
};

void one_cell(const AlignedCall& call, std::size_t align, std::size_t bytes) {
  void* blocks[kLive];
  const std::size_t room = kCellBytesMax / (align > bytes ? align : bytes);
  const std::size_t live = room < kLive ? room : kLive;
  for (std::size_t i = 0; i < live; ++i) {
    blocks[i] = call.allocate(opaque(align), opaque(bytes));
    HAK_EXPECT(blocks[i] != nullptr, "%s(%zu, %zu) returned NULL", call.name, align, bytes);
    HAK_EXPECT(reinterpret_cast<std::uintptr_t>(blocks[i]) % align == 0,
               "%s(%zu, %zu): block %zu at %p is not aligned", call.name, align, bytes, i,
               blocks[i]);
    HAK_EXPECT(malloc_usable_size(blocks[i]) >= bytes, "%s(%zu, %zu): usable size %zu", call.name,
               align, bytes, malloc_usable_size(blocks[i]));
    stamp(blocks[i], bytes, i + align);
  }
  for (std::size_t i = 0; i < live; ++i) {
    HAK_EXPECT(first_damage(blocks[i], bytes, i + align) == bytes,
               "%s(%zu, %zu): another block lies over block %zu", call.name, align, bytes, i);
    std::free(blocks[i]);
  }
}

template <std::size_t kIndex>
void alignment_row() {
  const std::size_t align = kAlignments[kIndex];
  for (const AlignedCall& call : kCalls) {
    for (const std::size_t bytes : kSizes) one_cell(call, align, bytes);
    one_cell(call, align, align);
    one_cell(call, align, 3 * align);
  }
}

/// The block has the first `bytes` of the stamp of `key`.
void expect_kept(const void* block, std::size_t bytes, std::uint64_t key, std::size_t from,
                 std::size_t to, const char* when) {
  const std::size_t damage = first_damage(block, bytes, key);
  HAK_EXPECT(damage == bytes, "realloc from %zu to %zu %s: byte %zu is lost", from, to, when,
             damage);
}

template <std::size_t kIndex>
void realloc_row() {
  const std::size_t from = kSizes[kIndex];
  for (const std::size_t to : kSizes) {
    const std::uint64_t key = from * 31 + to;
    void* block = std::malloc(from);
    void* neighbour = std::malloc(from);
    HAK_EXPECT(block != nullptr && neighbour != nullptr, "malloc(%zu) returned NULL", from);
    stamp(block, from, key);
    stamp(neighbour, from, key + 1);
    void* refused = std::realloc(block, opaque(std::size_t{PTRDIFF_MAX}) - to);
    HAK_EXPECT(refused == nullptr, "realloc beyond all memory returned %p", refused);
    expect_kept(block, from, key, from, to, "after a refusal");
    block = std::realloc(block, opaque(to));
    HAK_EXPECT(block != nullptr, "realloc from %zu to %zu returned NULL", from, to);
    HAK_EXPECT(malloc_usable_size(block) >= to, "realloc to %zu: usable size %zu", to,
               malloc_usable_size(block));
    expect_kept(block, from < to ? from : to, key, from, to, "on the way");
    std::memset(block, 0x6b, to);
    expect_kept(neighbour, from, key + 1, from, to, "beside it");
    std::free(neighbour);
    std::free(block);
  }
}

template <std::size_t... kIndexes>
bool add_alignments(std::index_sequence<kIndexes...>) {
  static char names[sizeof...(kIndexes)][40];
  (..., (std::snprintf(names[kIndexes], sizeof names[0], "matrix.alignment_%zu",
                       kAlignments[kIndexes]),
         add_case(names[kIndexes], alignment_row<kIndexes>)));
  return true;
}

template <std::size_t... kIndexes>
bool add_reallocs(std::index_sequence<kIndexes...>) {
  static char names[sizeof...(kIndexes)][40];
  (..., (std::snprintf(names[kIndexes], sizeof names[0], "matrix.realloc_from_%zu",
                       kSizes[kIndexes]),
         add_case(names[kIndexes], realloc_row<kIndexes>)));
  return true;
}

const bool alignments_added = add_alignments(std::make_index_sequence<std::size(kAlignments)>{});
const bool reallocs_added = add_reallocs(std::make_index_sequence<std::size(kSizes)>{});

}  // namespace
}  // namespace hakmem::stress
