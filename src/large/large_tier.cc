#include "large/large_tier.h"

#include "integrity/hooks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Distance from base to user: room for the front bytes, and a multiple of the alignment.
constexpr std::size_t lead_for(std::size_t align) noexcept {
  const std::size_t step = align > kMinAlignBytes ? align : kMinAlignBytes;
  return kFrontBytes == 0 ? 0 : round_up(kFrontBytes, step);
}

/// Whole pages for a request; a request of nothing still gets an address of its own.
constexpr std::size_t block_bytes(std::size_t lead, std::size_t request) noexcept {
  return round_up(lead + (request == 0 ? 1 : request) + kTailBytes, kPageBytes);
}

bool leads_to(MapEntry entry, const LargeBlock& block) noexcept {
  return entry.is_ours() && entry.kind() == GranuleKind::Large && &entry.large() == &block;
}

std::size_t run_granules(const LargeBlock& block) noexcept { return granules_for(block.bytes); }

}  // namespace

LargeBlock* LargeTier::record_locked() noexcept {
  LargeBlock* const block = spare_ != nullptr ? spare_ : meta_.create<LargeBlock>();
  if (block != nullptr && block == spare_) spare_ = block->next;
  return block;
}

void LargeTier::spare_locked(LargeBlock& block) noexcept {
  block.user = nullptr;
  block.next = spare_;
  spare_ = &block;
}

void LargeTier::enter_in_map(LargeBlock& block, bool present) noexcept {
  const MapEntry entry = present ? MapEntry::of_large(block) : MapEntry();
  if constexpr (kAllGranules) {
    map_.store(block.base, granules_for(block.bytes), entry);
  } else {
    map_.store(block.user.unsafe_bytes(), 1, entry);
  }
}

void LargeTier::link_locked(LargeBlock& block) noexcept {
  block.prev = nullptr;
  block.next = live_;
  if (live_ != nullptr) live_->prev = &block;
  live_ = &block;
}

void LargeTier::publish(LargeBlock& block, std::size_t lead) noexcept {
  block.user = LargeUser::unsafe_from(block.base + lead);
  enter_in_map(block, true);
}

LargeBlock* LargeTier::allocate(std::size_t request, std::size_t align) noexcept {
  const std::size_t lead = lead_for(align);
  if (request > kRequestMax - lead - kTailBytes - kGranuleBytes) return nullptr;
  const std::size_t bytes = block_bytes(lead, request);
  const bool as_run = align <= kGranuleBytes && granules_for(bytes) <= RunAllocator::kGranulesMax;
  LargeBlock* const block =
      as_run ? allocate_run(bytes, lead) : allocate_mapping(bytes, lead, align);
  if (block == nullptr) return nullptr;
  hooks::on_large_alloc(*block);
  return block;
}

LargeBlock* LargeTier::allocate_run(std::size_t bytes, std::size_t lead) noexcept {
  LockScope scope(lock_);
  LargeBlock* const block = record_locked();
  if (block == nullptr) return nullptr;
  Run run = runs_.acquire(granules_for(bytes), space_, map_, meta_);
  if (run.base == nullptr && runs_.purge_all(space_, map_, meta_) != 0) {
    run = runs_.acquire(granules_for(bytes), space_, map_, meta_);
  }
  if (run.base == nullptr) {
    spare_locked(*block);
    return nullptr;
  }
  if (run.purged) learned_age_.on_wanted_again(run.purged_ms, policy_.run_purge_ms, os::now_ms());
  block->base = run.base;
  block->bytes = bytes;
  block->origin = LargeOrigin::Run;
  block->zeroed = run.zeroed;
  run_granules_ += run.granules;
  link_locked(*block);
  publish(*block, lead);
  return block;
}

LargeBlock* LargeTier::allocate_mapping(std::size_t bytes, std::size_t lead,
                                        std::size_t align) noexcept {
  if (align > kRequestMax - bytes) return nullptr;
  std::byte* const base = os::map_aligned(bytes, align > kGranuleBytes ? align : kGranuleBytes);
  if (base == nullptr) return nullptr;
  LockScope scope(lock_);
  LargeBlock* const block = map_.prepare(base, bytes) ? record_locked() : nullptr;
  if (block == nullptr) {
    os::unmap(base, bytes);
    return nullptr;
  }
  hooks::on_memory_arrival(base, bytes);
  block->base = base;
  block->bytes = bytes;
  block->origin = LargeOrigin::Mapping;
  block->zeroed = true;
  mapped_bytes_ += bytes;
  link_locked(*block);
  publish(*block, lead);
  return block;
}

LargeBlock* LargeTier::allocate(std::size_t request, std::size_t align,
                                LargeBlock*& held) noexcept {
  LargeBlock* const block = held;
  const std::size_t lead = lead_for(align);
  const bool fits = kHolds && block != nullptr && align <= kGranuleBytes &&
                    request <= kHeldBytesMax &&
                    granules_for(block_bytes(lead, request)) == run_granules(*block);
  if (!fits) return allocate(request, align);
  held = nullptr;
  block->zeroed = false;
  block->store_shared(LargeUser::unsafe_from(block->base + lead), block_bytes(lead, request));
  enter_in_map(*block, true);
  hooks::on_large_alloc(*block);
  return block;
}

void LargeTier::release(LargeBlock& block, LargeBlock*& held) noexcept {
  if (!kHolds || block.origin != LargeOrigin::Run || block.bytes > kHeldBytesMax) {
    return release(block);
  }
  hooks::on_large_free(block);
  enter_in_map(block, false);
  LargeBlock* const displaced = held;
  held = &block;
  if (displaced == nullptr) return;
  const std::uint64_t now_ms = os::now_ms();
  LockScope scope(lock_);
  release_locked(*displaced, now_ms);
}

void LargeTier::release_held(LargeBlock*& held) noexcept {
  if (held == nullptr) return;
  LargeBlock& block = *held;
  held = nullptr;
  const std::uint64_t now_ms = os::now_ms();
  LockScope scope(lock_);
  release_locked(block, now_ms);
}

void LargeTier::release(LargeBlock& block) noexcept {
  hooks::on_large_free(block);
  const std::uint64_t now_ms = os::now_ms();
  LockScope scope(lock_);
  enter_in_map(block, false);  // under the lock: a fork finds listed and known together
  release_locked(block, now_ms);
}

void LargeTier::release_locked(LargeBlock& block, std::uint64_t now_ms) noexcept {
  (block.prev != nullptr ? block.prev->next : live_) = block.next;
  if (block.next != nullptr) block.next->prev = block.prev;
  if (block.origin == LargeOrigin::Run) {
    run_granules_ -= run_granules(block);
    runs_.release(block.base, run_granules(block), now_ms,
                  policy_.for_runs(learned_age_, now_ms), space_, map_, meta_);
  } else {
    mapped_bytes_ -= block.bytes;
    hooks::on_memory_return(block.base, block.bytes);
    // Refused at the kernel's limit on mappings: without its pages the rest costs address space.
    if (!os::unmap(block.base, block.bytes)) os::discard(block.base, block.bytes);
  }
  spare_locked(block);
}

bool LargeTier::try_resize(LargeBlock& block, std::size_t request) noexcept {
  const std::size_t lead = static_cast<std::size_t>(block.user.unsafe_bytes() - block.base);
  if (request > kRequestMax - lead - kTailBytes - kGranuleBytes) return false;
  const std::size_t bytes = block_bytes(lead, request);
  if (bytes == block.bytes) return true;
  const bool stays_run = granules_for(bytes) <= RunAllocator::kGranulesMax;
  LockScope scope(lock_);
  if (block.origin == LargeOrigin::Run) return stays_run && resize_run(block, bytes);
  return !stays_run && resize_mapping(block, bytes);
}

bool LargeTier::resize_run(LargeBlock& block, std::size_t bytes) noexcept {
  const std::size_t have = run_granules(block);
  const std::size_t need = granules_for(bytes);
  if (need > have && !runs_.try_extend(block.base, have, need - have, map_, meta_)) return false;
  enter_in_map(block, false);
  block.bytes = bytes;
  run_granules_ += need - have;
  enter_in_map(block, true);
  if (need < have) {
    const std::uint64_t now_ms = os::now_ms();
    runs_.release(block.base + need * kGranuleBytes, have - need, now_ms,
                  policy_.for_runs(learned_age_, now_ms), space_, map_, meta_);
  }
  return true;
}

bool LargeTier::resize_mapping(LargeBlock& block, std::size_t bytes) noexcept {
  std::byte* const old_base = block.base;
  std::byte* base = old_base;
  if (!map_.prepare(old_base, bytes) || !os::resize_in_place(old_base, block.bytes, bytes)) {
    const std::size_t lead = static_cast<std::size_t>(block.user.unsafe_bytes() - old_base);
    if (lead > kGranuleBytes) return false;  // the alignment asked for would be lost
    base = os::map_aligned(bytes, kGranuleBytes);
    if (base == nullptr) return false;
    if (!map_.prepare(base, bytes) || !os::move_pages(old_base, block.bytes, base, bytes)) {
      os::unmap(base, bytes);
      return false;
    }
  }
  enter_in_map(block, false);
  mapped_bytes_ += bytes - block.bytes;
  block.user = LargeUser::unsafe_from(base + (block.user.unsafe_bytes() - old_base));
  block.base = base;
  block.bytes = bytes;
  enter_in_map(block, true);
  return true;
}

std::size_t LargeTier::purge_all() noexcept {
  LockScope scope(lock_);
  return runs_.purge_all(space_, map_, meta_);
}

bool LargeTier::is_live(LargeBlock& block) const noexcept {
  return leads_to(map_.lookup(block.load_user().address()), block);
}

LargeStats LargeTier::stats() noexcept {
  LockScope scope(lock_);
  LargeStats result;
  for (LargeBlock* block = live_; block != nullptr; block = block->next) {
    if (is_live(*block)) {
      result.live_bytes += block->load_bytes();
      ++result.live_blocks;
    } else {
      result.free_run_bytes += granules_for(block->load_bytes()) * kGranuleBytes;
    }
  }
  result.mapped_bytes = mapped_bytes_;
  result.regrets = learned_age_.regrets();
  result.age_factor = learned_age_.factor();
  result.free_run_bytes += runs_.free_granules() * kGranuleBytes;
  return result;
}

bool LargeTier::verify() noexcept {
  LockScope scope(lock_);
  std::size_t mapped_bytes = 0, granules = 0;
  for (LargeBlock* block = live_; block != nullptr; block = block->next) {
    const Address user = block->load_user().address();
    const std::size_t bytes = block->load_bytes();
    if (user - reinterpret_cast<Address>(block->base) >= bytes) return false;
    if (block->next != nullptr && block->next->prev != block) return false;
    const MapEntry entry = map_.lookup(user);
    const bool held = kHolds && block->origin == LargeOrigin::Run && !entry.is_ours();
    if (!held && !leads_to(entry, *block)) return false;  // one look: it may come and go meanwhile
    if (block->origin == LargeOrigin::Mapping) {
      mapped_bytes += bytes;
    } else {
      granules += granules_for(bytes);
    }
  }
  return mapped_bytes == mapped_bytes_ && granules == run_granules_ && runs_.verify(map_);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
