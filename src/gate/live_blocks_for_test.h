// The oracle of the gate's tests: which blocks are live, that none overlaps another, and that each
// still holds the stamp it was given. One thread at a time; threads have one each.
// Invariant: every byte that the oracle stamped belongs to exactly one live block.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "base/units.h"

namespace hakmem {

/// Byte `i` of a stamp; differs from block to block and along a block.
inline std::byte stamp_byte(std::uint64_t stamp, std::size_t i) {
  const std::uint64_t mixed = (stamp + 1) * 0x9e3779b97f4a7c15u + i * 0x9d;
  return static_cast<std::byte>(mixed >> 7 ^ mixed >> 29);
}

/// Bytes of a block that carry the stamp: all of a small one; of others both ends and a byte a
/// page, of very large ones 16 bytes in between.
template <class Visit>
void for_each_stamped(std::size_t bytes, Visit visit) {
  constexpr std::size_t kWholeBytes = 2048, kEdgeBytes = 64, kSparseBytes = 256 * kKiB;
  const std::size_t edge = bytes <= kWholeBytes ? bytes : kEdgeBytes;
  const std::size_t step = bytes <= kSparseBytes ? kPageBytes : bytes / 16;
  for (std::size_t i = 0; i < edge; ++i) visit(i);
  for (std::size_t i = step; edge != bytes && i < bytes - edge; i += step) visit(i);
  for (std::size_t i = bytes - edge; edge != bytes && i < bytes; ++i) visit(i);
}

inline void write_stamp(void* block, std::size_t bytes, std::uint64_t stamp) {
  std::byte* const begin = static_cast<std::byte*>(block);
  for_each_stamped(bytes, [&](std::size_t i) { begin[i] = stamp_byte(stamp, i); });
}

/// True when the first `bytes` of a stamp of `stamped` bytes are whole.
inline bool stamp_is_whole(const void* block, std::size_t stamped, std::size_t bytes,
                           std::uint64_t stamp) {
  const std::byte* const begin = static_cast<const std::byte*>(block);
  bool whole = true;
  for_each_stamped(stamped, [&](std::size_t i) {
    if (i < bytes && begin[i] != stamp_byte(stamp, i)) whole = false;
  });
  return whole;
}

class LiveBlocks {
 public:
  /// Enters and stamps a block of `bytes`; expects that it overlaps none that is live.
  void add(void* block, std::size_t bytes) {
    ASSERT_NE(block, nullptr);
    const Address begin = reinterpret_cast<Address>(block);
    const std::size_t extent = bytes == 0 ? 1 : bytes;  // malloc(0) is unique
    const auto behind = blocks_.lower_bound(begin);
    EXPECT_TRUE(behind == blocks_.end() || begin + extent <= behind->first) << "overlap";
    EXPECT_TRUE(behind == blocks_.begin() || std::prev(behind)->second.end <= begin) << "overlap";
    EXPECT_EQ(begin % kMinAlignBytes, 0u);
    const std::uint64_t stamp = next_stamp_++;
    blocks_[begin] = {begin + extent, bytes, stamp};
    write_stamp(block, bytes, stamp);
  }

  /// Takes a block out that is about to be freed or resized; expects its stamp. Returns its size.
  std::size_t remove(void* block) {
    const auto found = blocks_.find(reinterpret_cast<Address>(block));
    EXPECT_NE(found, blocks_.end());
    if (found == blocks_.end()) return 0;
    const Entry entry = found->second;
    EXPECT_TRUE(stamp_is_whole(block, entry.bytes, entry.bytes, entry.stamp))
        << "block of " << entry.bytes << " bytes";
    blocks_.erase(found);
    return entry.bytes;
  }

  bool empty() const { return blocks_.empty(); }
  std::size_t count() const { return blocks_.size(); }
  /// Any live block; precondition: there is one.
  void* any() const { return reinterpret_cast<void*>(blocks_.begin()->first); }

 private:
  struct Entry {
    Address end = 0;
    std::size_t bytes = 0;
    std::uint64_t stamp = 0;
  };
  std::map<Address, Entry> blocks_;
  std::uint64_t next_stamp_ = 1;
};

}  // namespace hakmem
