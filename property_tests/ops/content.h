// What the holder of a block writes into it, and finds again: stamps of an owner's key.
// Called by the interpreter. Plain accesses, as a program's: a sanitizer sees them.
// Invariant: whether a byte is stamped depends on offset and size alone, and its value on offset
// and key alone, so that what realloc keeps can be checked against the old size's stamp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hakmem::ops {

/// How much of a large block is stamped. One for a whole run.
struct StampShape {
  /// All of a block up to twice this is stamped, of a larger one so much at both ends; whole words.
  std::size_t edge_bytes = 4096;
  /// Between the ends a word in each page, but no more than about so many.
  std::size_t words_between_max = 32;
};

constexpr std::uint64_t stamp_word(std::uint64_t key, std::size_t offset) noexcept {
  const std::uint64_t mixed = (key + offset) * 0xff51afd7ed558ccdu;
  return mixed ^ mixed >> 29;
}

/// Calls visit(offset, length) for each stamped word of a block: 8 bytes, fewer at its end. Ends
/// early when visit returns false.
template <class Visit>
void for_each_word(std::size_t bytes, const StampShape& shape, Visit visit) noexcept {
  constexpr std::size_t kPageBytes = 4096;
  const std::size_t edge = shape.edge_bytes;
  const bool whole = bytes <= 2 * edge;
  const std::size_t head = whole ? bytes : edge;
  const std::size_t tail = whole ? bytes : (bytes - edge) & ~std::size_t{7};
  for (std::size_t at = 0; at < head; at += 8) {
    if (!visit(at, std::min<std::size_t>(8, bytes - at))) return;
  }
  const std::size_t step = std::max(kPageBytes, bytes / shape.words_between_max & ~std::size_t{7});
  for (std::size_t at = edge; at < tail && !whole; at += step) {
    if (!visit(at, std::size_t{8})) return;
  }
  for (std::size_t at = tail; at < bytes; at += 8) {
    if (!visit(at, std::min<std::size_t>(8, bytes - at))) return;
  }
}

inline void write_stamp(void* block, std::size_t bytes, std::uint64_t key,
                        const StampShape& shape = {}) noexcept {
  std::byte* const begin = static_cast<std::byte*>(block);
  for_each_word(bytes, shape, [&](std::size_t at, std::size_t length) {
    const std::uint64_t word = stamp_word(key, at);
    if (length == 8) {
      std::memcpy(begin + at, &word, 8);
    } else {
      std::memcpy(begin + at, &word, length);
    }
    return true;
  });
}

/// Offset of the first byte below `kept` that differs from the stamp of a block of `bytes`; `kept`
/// when none does.
inline std::size_t first_damage(const void* block, std::size_t bytes, std::size_t kept,
                                std::uint64_t key,
                                const StampShape& shape = {}) noexcept {
  const std::byte* const begin = static_cast<const std::byte*>(block);
  std::size_t damaged = kept;
  for_each_word(bytes, shape, [&](std::size_t at, std::size_t length) {
    if (at >= kept) return true;
    const std::uint64_t word = stamp_word(key, at);
    if (length == 8 && kept - at >= 8) {  // nearly always: no call of memcmp
      std::uint64_t seen_word;
      std::memcpy(&seen_word, begin + at, 8);
      if (seen_word == word) return true;
    }
    std::byte expected[8];
    std::memcpy(expected, &word, 8);
    const std::size_t seen = std::min(length, kept - at);
    if (std::memcmp(begin + at, expected, seen) == 0) return true;
    for (damaged = at; begin[damaged] == expected[damaged - at];) ++damaged;
    return false;
  });
  return damaged;
}

/// Offset of the first byte that is not zero; `bytes` when all are.
inline std::size_t first_nonzero(const void* block, std::size_t bytes) noexcept {
  const std::byte* const begin = static_cast<const std::byte*>(block);
  std::size_t at = 0;
  for (std::uint64_t word; at + 8 <= bytes; at += 8) {
    std::memcpy(&word, begin + at, 8);
    if (word != 0) break;
  }
  while (at < bytes && begin[at] == std::byte{0}) ++at;
  return at;
}

}  // namespace hakmem::ops
