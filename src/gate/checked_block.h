// A block as the checked levels see it: its record, its bytes, its canaries.
// Called by the checked gate, the exit sweep and the leak search.
//
//   begin ┃ 15 canary bytes ┃h┃ user: request_bytes ┃ tail canary … end
//   on pages of its own:  begin ┃ canary … ┃ user: request_bytes ┃ tail canary … end
//
// Invariant: while the record is Live both canaries are whole; while it is Quarantined or Free the
// first filled_bytes(request) of the user's bytes are kFreedByte, or its pages are closed.
#pragma once

#include "gate/domain.h"
#include "integrity/canary.h"
#include "integrity/fail.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Stands for a PageBlock* in builds without page mode: always null.
struct NoPageBlock {
  constexpr NoPageBlock(PageBlock*) noexcept {}
  constexpr operator PageBlock*() const noexcept { return nullptr; }
};

struct CheckedBlock {
  BlockRecord* record = nullptr;
  std::byte* user = nullptr;
  std::byte* end = nullptr;       ///< where the tail canary ends
  const Slab* slab = nullptr;     ///< null for large blocks
  LargeBlock* large = nullptr;
  [[no_unique_address]] std::conditional_t<kPageMode, PageBlock*, NoPageBlock> page = nullptr;

  /// True for a block on pages of its own: no header byte, and nothing to read once it is freed.
  bool is_page() const noexcept { return page != nullptr; }
  std::byte* front() const noexcept { return is_page() ? own_pages() : user - kFrontBytes; }
  /// The front canary ends where the header byte is.
  std::byte* front_end() const noexcept { return is_page() ? user : user - 1; }
  std::byte* tail() const noexcept { return user + record->request_bytes; }

 private:
  std::byte* own_pages() const noexcept {
    const PageBlock* const block = page;
    return block->data_begin();
  }
};

/// Block `index` of a slab in use, whose user address the caller has.
HAK_INLINE CheckedBlock checked_block_at(const Slab& slab, std::size_t index,
                                         Address user) noexcept {
  CheckedBlock block;
  block.record = slab.records.first + index;
  block.user = reinterpret_cast<std::byte*>(user);
  block.end = block.user + slab.stride_bytes - kFrontBytes;
  block.slab = &slab;
  return block;
}
/// The same of any slab.
HAK_INLINE CheckedBlock checked_block_number(const Slab& slab, std::size_t index) noexcept {
  std::byte* const base = slab.block_at(index).unsafe_bytes();
  CheckedBlock block;
  block.record = &record_of(slab, index);
  block.user = base + kFrontBytes;
  block.end = base + slab.stride_bytes;
  block.slab = &slab;
  return block;
}
/// The block of a slab that holds `inside`, which lies in the slab's block area.
inline CheckedBlock checked_block_in(const Slab& slab, Address inside) noexcept {
  return checked_block_number(slab, slab.index_of_block(inside));
}
CheckedBlock checked_block_of(LargeBlock& large) noexcept;
inline CheckedBlock checked_block_of(PageBlock& page) noexcept {
  CheckedBlock block;
  block.record = &page.record;
  block.user = page.user;
  block.end = page.data_end();
  block.page = &page;
  return block;
}
/// find_checked_block() of what lies in no slab in use.
CheckedBlock find_unusual_block(const Domain& domain, MapEntry entry, Address user) noexcept;

/// The block whose user address this is; `record` is null when there is none. Blocks of released
/// slabs are found too: their records outlive them.
HAK_INLINE CheckedBlock find_checked_block(const Domain& domain, Address user) noexcept {
  const MapEntry entry = domain.slabs.map.lookup(user);
  const bool in_slab = entry.is_ours() && entry.kind() == GranuleKind::Slab;
  if (!in_slab) [[unlikely]] return find_unusual_block(domain, entry, user);
  const Slab& slab = entry.slab();
  // An address before the first base is a huge offset, which no block has.
  const Address offset = user - slab.records.first_base;
  const std::size_t index = slab.divisor.quotient(offset);
  const bool is_start =
      index * slab.stride_bytes + kFrontBytes == offset && index < slab.capacity;
  if (!is_start) [[unlikely]] return {};
  return checked_block_at(slab, index, user);
}

/// The key of a block's canaries.
HAK_INLINE CanaryPattern pattern_for(const Domain& domain, const std::byte* user) noexcept {
  return CanaryPattern::make(domain.checks.secret, reinterpret_cast<Address>(user));
}

/// The byte before the user's first, of a block that has one.
HAK_INLINE std::byte header_of(const CheckedBlock& block) noexcept {
  return header_byte_of(block.slab != nullptr ? block.slab->class_index : ClassIndex{});
}

/// The last eight of the front bytes: canary, and the header byte at the end.
HAK_INLINE std::uint64_t front_word(CanaryPattern pattern, std::byte header) noexcept {
  constexpr int kHeaderShift = 56;
  constexpr std::uint64_t kCanaryBits = (std::uint64_t{1} << kHeaderShift) - 1;
  return (pattern.word & kCanaryBits) | static_cast<std::uint64_t>(header) << kHeaderShift;
}

/// True when the front bytes are whole, of a block that is not on pages of its own.
HAK_INLINE bool holds_front(const std::byte* user, CanaryPattern pattern,
                            std::byte header) noexcept {
  static_assert(!kRecordLayout || kFrontBytes == 2 * sizeof pattern.word);
  std::uint64_t first, second;
  std::memcpy(&first, user - 2 * sizeof first, sizeof first);
  std::memcpy(&second, user - sizeof second, sizeof second);
  return ((first ^ pattern.word) | (second ^ front_word(pattern, header))) == 0;
}

/// True when both canaries and the header byte are whole.
HAK_INLINE bool holds_canaries(const Domain& domain, const CheckedBlock& block) noexcept {
  const CanaryPattern pattern = pattern_for(domain, block.user);
  const bool front = block.is_page() ? holds_canary(block.front(), block.front_end(), pattern)
                                     : holds_front(block.user, pattern, header_of(block));
  return front && holds_canary(block.tail(), block.end, pattern);
}

/// Writes both canaries for the record's request.
HAK_INLINE void write_canaries(const Domain& domain, const CheckedBlock& block) noexcept {
  const CanaryPattern pattern = pattern_for(domain, block.user);
  if (block.is_page()) {
    write_canary(block.front(), block.front_end(), pattern);
  } else {
    std::memcpy(block.user - 2 * sizeof pattern.word, &pattern.word, sizeof pattern.word);
    const std::uint64_t second = front_word(pattern, header_of(block));
    std::memcpy(block.user - sizeof second, &second, sizeof second);
  }
  write_canary(block.tail(), block.end, pattern);
}

/// A run of damaged bytes, as offsets from the user address; `found` is false when all is well.
struct Damage {
  bool found = false;
  std::ptrdiff_t first = 0;
  std::ptrdiff_t last = 0;
};
Damage check_front(const Domain& domain, const CheckedBlock& block) noexcept;
Damage check_tail(const Domain& domain, const CheckedBlock& block) noexcept;
Damage check_fill(const CheckedBlock& block) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
