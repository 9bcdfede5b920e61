#include "superslab/superslab.h"

#include <bit>

#include "os/os.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void SuperSlab::reset(SuperSlabKind new_kind) noexcept {
  const bool was_dirty = dirty_units != 0;
  kind = new_kind;
  owner = nullptr;
  free_units = all_units();
  dirty_units = was_dirty ? all_units() : 0;
  purged_units = !was_dirty && purged_units != 0 ? all_units() : 0;
  listed = false;
  next = prev = next_in_heap = prev_in_heap = nullptr;
  for (std::size_t i = 0; i < kSlabs; ++i) {
    slabs[i].state = SlabState::Free;
    slabs[i].forget_blocks();
    slabs[i].data = data + i * kGranuleBytes;
    slabs[i].superslab = this;
  }
}

unsigned SuperSlab::next_unit() const noexcept {
  const std::uint64_t warm = free_units & dirty_units;
  return static_cast<unsigned>(std::countr_zero(warm != 0 ? warm : free_units));
}

Slab& SuperSlab::take_unit(ClassIndex c) noexcept {
  const unsigned unit = next_unit();
  const std::uint64_t bit = std::uint64_t{1} << unit;
  free_units &= ~bit;
  dirty_units &= ~bit;
  purged_units &= ~bit;
  Slab& slab = slabs[unit * span_slabs()];
  if (!slab.can_resume(c)) slab.reset(c, span_slabs(), unit);
  return slab;
}

void SuperSlab::give_unit(Slab& slab, std::uint64_t now_ms) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << slab.unit;
  slab.state = SlabState::Free;
  free_units |= bit;
  if (dirty_units == 0) dirty_since_ms = now_ms;
  dirty_units |= bit;
}

void SuperSlab::purge_aged(std::uint64_t now_ms) noexcept {
  purged_units |= dirty_units;
  purged_ms = now_ms;
  purge();
}

void SuperSlab::purge() noexcept {
  while (dirty_units != 0) {
    const unsigned first = static_cast<unsigned>(std::countr_zero(dirty_units));
    const unsigned count = static_cast<unsigned>(std::countr_one(dirty_units >> first));
    for (unsigned unit = first; unit < first + count; ++unit) {
      slabs[unit * span_slabs()].forget_blocks();
    }
    os::discard(data + first * unit_bytes(), count * unit_bytes());
    const std::uint64_t run = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    dirty_units &= ~(run << first);
  }
}

bool SuperSlab::bitmap_agrees() const noexcept {
  if ((free_units & ~all_units()) != 0 || (dirty_units & ~free_units) != 0) return false;
  for (std::size_t unit = 0; unit < kSlabs / span_slabs(); ++unit) {
    const bool free_bit = (free_units >> unit & 1) != 0;
    const bool free_state = slabs[unit * span_slabs()].state == SlabState::Free;
    if (free_bit != free_state) return false;
  }
  return true;
}

SlabDefect SuperSlab::verify() const noexcept {
  for (std::size_t unit = 0; unit < kSlabs / span_slabs(); ++unit) {
    const Slab& slab = slabs[unit * span_slabs()];
    if (slab.state == SlabState::Free) continue;
    if (kind_for(slab.class_index) != kind) return SlabDefect::WrongClass;
    const SlabDefect defect = slab.verify();
    if (defect != SlabDefect::None) return defect;
  }
  return SlabDefect::None;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
