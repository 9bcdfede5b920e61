#include "superslab/slab.h"

#include "integrity/hooks.h"
#include "superslab/superslab.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void Slab::reset(ClassIndex c, std::size_t span, std::size_t unit_index) noexcept {
  free = nullptr;
  used = 0;
  carved = 0;
  capacity = static_cast<std::uint32_t>(capacity_of(c));
  stride_bytes = static_cast<std::uint32_t>(stride_of(c));
  divisor = StrideDivisor::of(stride_bytes);
  class_index = c;
  span_slabs = static_cast<std::uint8_t>(span);
  unit = static_cast<std::uint8_t>(unit_index);
  next = nullptr;
  prev = nullptr;
  pending_next = nullptr;
  hooks::on_slab_reset(*this);
}

bool Slab::try_carve(std::size_t carve_bytes) noexcept {
  const std::uint32_t left = capacity - carved;
  if (left == 0) return false;
  std::uint32_t count = static_cast<std::uint32_t>(carve_bytes) / stride_bytes;
  if (count == 0) count = 1;
  if (count > left) count = left;
  const std::uint32_t first = carved;
  SlabBase block = block_at(first);
  free = block;
  for (std::uint32_t i = 1; i < count; ++i) {
    const SlabBase following = SlabBase::unsafe_from(block.unsafe_bytes() + stride_bytes);
    write_header(block, class_index);
    set_next(block, following);
    block = following;
  }
  write_header(block, class_index);
  set_next(block, nullptr);
  carved += count;
  hooks::on_carve(*this, first, count);
  return true;
}

void Slab::absorb(const BlockChain& chain) noexcept {
  if (!hooks::may_absorb(*this, chain)) return;
  used -= chain.count;
  if (free) {
    SlabBase tail = chain.first;
    for (SlabBase following = next_of(tail); following; following = next_of(tail)) tail = following;
    set_next(tail, free);
  }
  free = chain.first;
}

SlabDefect Slab::verify() const noexcept {
  if (index_of(class_index) == 0 || index_of(class_index) >= kClassCount) {
    return SlabDefect::WrongClass;
  }
  if (stride_bytes != stride_of(class_index)) return SlabDefect::WrongClass;
  if (divisor != StrideDivisor::of(stride_bytes)) return SlabDefect::WrongClass;
  if (carved > capacity) return SlabDefect::Counters;
  std::uint32_t listed = 0;
  for (SlabBase block = free; block; block = next_of(block)) {
    if (!is_carved_block(block)) return SlabDefect::ForeignNode;
    if (++listed > carved) return SlabDefect::ListCycle;
  }
  return live_count() + listed == carved ? SlabDefect::None : SlabDefect::Counters;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
