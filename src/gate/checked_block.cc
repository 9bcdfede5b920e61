#include "gate/checked_block.h"

#include "integrity/poison.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

Damage damage_between(const CheckedBlock& block, const std::byte* first,
                      const std::byte* last) noexcept {
  return {true, first - block.user, last - block.user};
}

Damage check_canary(const CheckedBlock& block, const std::byte* begin, const std::byte* end,
                    CanaryPattern pattern) noexcept {
  if constexpr (!kBuildChecks.has(Check::kCanaries)) return {};
  const std::byte* const first = find_canary_damage(begin, end, pattern);
  if (first == end) return {};
  const std::byte* last = end - 1;
  const auto expected = [&](const std::byte* at) {
    return pattern.byte_at(static_cast<std::size_t>(at - begin));
  };
  while (last != first && *last == expected(last)) --last;
  return damage_between(block, first, last);
}

}  // namespace

CheckedBlock checked_block_of(LargeBlock& large) noexcept {
  CheckedBlock block;
  block.record = &large.record;
  block.user = large.user.unsafe_bytes();
  block.end = large.base + large.bytes;
  block.large = &large;
  return block;
}

CheckedBlock find_unusual_block(const Domain& domain, MapEntry entry, Address user) noexcept {
  if (domain.pages.holds(user)) {
    PageBlock* const page = domain.pages.find(user);
    return page != nullptr ? checked_block_of(*page) : CheckedBlock{};
  }
  if (!entry.is_ours()) return {};
  const GranuleKind kind = entry.kind();
  if (kind == GranuleKind::Large) {
    LargeBlock& large = entry.large();
    return large.user.address() == user ? checked_block_of(large) : CheckedBlock{};
  }
  if (kind == GranuleKind::FreeRun) return {};
  const Slab& slab = entry.slab();
  // A free unit that never was a slab has no class yet.
  if (slab.stride_bytes == 0) return {};
  const SlabBase base = SlabBase::unsafe_from(reinterpret_cast<std::byte*>(user - kFrontBytes));
  return slab.is_block_boundary(base) ? checked_block_in(slab, base.address()) : CheckedBlock{};
}

Damage check_front(const Domain& domain, const CheckedBlock& block) noexcept {
  const CanaryPattern pattern = pattern_for(domain, block.user);
  Damage damage = check_canary(block, block.front(), block.front_end(), pattern);
  const bool has_header = kBuildChecks.has(Check::kHeaderByte) && !block.is_page();
  if (has_header && block.user[-1] != header_of(block)) {
    if (!damage.found) damage.first = -1;
    damage.found = true;
    damage.last = -1;
  }
  return damage;
}

Damage check_tail(const Domain& domain, const CheckedBlock& block) noexcept {
  return check_canary(block, block.tail(), block.end, pattern_for(domain, block.user));
}

Damage check_fill(const CheckedBlock& block) noexcept {
  if constexpr (!kBuildChecks.has(Check::kFreeFill)) return {};
  // Closed pages: the access itself was the finding.
  if (block.is_page() || block.record->closed) return {};
  const std::size_t bytes = filled_bytes(block.record->request_bytes);
  const std::byte* const first = find_fill_damage(block.user, bytes);
  if (first == block.user + bytes) return {};
  const std::byte* last = block.user + bytes - 1;
  while (last != first && *last == std::byte{kFreedByte}) --last;
  return damage_between(block, first, last);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
