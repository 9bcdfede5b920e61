#include "large/run_allocator.h"

#include <bit>

#include "integrity/hooks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

std::byte* last_granule(std::byte* base, std::size_t granules) noexcept {
  return base + (granules - 1) * kGranuleBytes;
}

/// The free run that has `address` at its edge, or null.
FreeRun* free_run_at(const AddressMap& map, const std::byte* address) noexcept {
  const MapEntry entry = map.lookup(reinterpret_cast<Address>(address));
  return entry.is_ours() && entry.kind() == GranuleKind::FreeRun ? &entry.free_run() : nullptr;
}

}  // namespace

FreeRun* RunAllocator::record(MetaArena& meta) noexcept {
  FreeRun* const spare = spare_;
  if (spare == nullptr) return meta.create<FreeRun>();
  spare_ = spare->next;
  *spare = FreeRun{};
  return spare;
}

FreeRun* RunAllocator::find(std::size_t granules) const noexcept {
  std::size_t bin = bin_for(granules);
  if (bin < kExactBins) {
    std::size_t word = bin / 64;
    std::uint64_t mask = occupied_[word] & (~std::uint64_t{0} << (bin % 64));
    while (mask == 0 && ++word < kMaskWords) mask = occupied_[word];
    if (mask == 0) return nullptr;
    bin = word * 64 + static_cast<std::size_t>(std::countr_zero(mask));
    if (bin < kExactBins) return bins_[bin];
  }
  for (FreeRun* run = bins_[kExactBins]; run != nullptr; run = run->next) {
    if (run->granules >= granules) return run;
  }
  return nullptr;
}

void RunAllocator::link_newest(FreeRun& run) noexcept {
  run.newer = nullptr;
  run.older = newest_;
  (newest_ != nullptr ? newest_->newer : oldest_) = &run;
  newest_ = &run;
}

void RunAllocator::unlink_age(FreeRun& run) noexcept {
  if (!run.dirty) return;
  (run.older != nullptr ? run.older->newer : oldest_) = run.newer;
  (run.newer != nullptr ? run.newer->older : newest_) = run.older;
  run.older = run.newer = nullptr;
  run.dirty = false;
}

void RunAllocator::link(std::byte* base, std::size_t granules, bool dirty, std::uint64_t since_ms,
                        AddressMap& map, MetaArena& meta) noexcept {
  FreeRun* const run = record(meta);
  if (run == nullptr) {
    // No memory for the record: the run is lost to us but costs no pages once they are discarded.
    os::discard(base, granules * kGranuleBytes);
    return;
  }
  run->base = base;
  run->granules = granules;
  run->since_ms = since_ms;
  run->dirty = dirty;
  if (dirty) link_newest(*run);
  enter_bin(*run);
  map.store(base, 1, MapEntry::of_free_run(*run));
  map.store(last_granule(base, granules), 1, MapEntry::of_free_run(*run));
  free_granules_ += granules;
}

void RunAllocator::enter_bin(FreeRun& run) noexcept {
  const std::size_t bin = bin_for(run.granules);
  run.prev = nullptr;
  run.next = bins_[bin];
  if (run.next != nullptr) run.next->prev = &run;
  bins_[bin] = &run;
  occupied_[bin / 64] |= std::uint64_t{1} << (bin % 64);
}

void RunAllocator::leave_bin(FreeRun& run) noexcept {
  const std::size_t bin = bin_for(run.granules);
  (run.prev != nullptr ? run.prev->next : bins_[bin]) = run.next;
  if (run.next != nullptr) run.next->prev = run.prev;
  if (bins_[bin] == nullptr) occupied_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64));
}

void RunAllocator::take_front(FreeRun& run, std::size_t granules, AddressMap& map) noexcept {
  if (granules == run.granules) return unlink(run, map);
  leave_bin(run);
  map.store(run.base, 1, MapEntry());
  run.base += granules * kGranuleBytes;
  run.granules -= granules;
  free_granules_ -= granules;
  enter_bin(run);
  map.store(run.base, 1, MapEntry::of_free_run(run));
}

void RunAllocator::unlink(FreeRun& run, AddressMap& map) noexcept {
  leave_bin(run);
  unlink_age(run);
  map.store(run.base, 1, MapEntry());
  map.store(last_granule(run.base, run.granules), 1, MapEntry());
  free_granules_ -= run.granules;
  run.next = spare_;
  spare_ = &run;
}

bool RunAllocator::add_region(std::size_t granules, AddressSpace& space, AddressMap& map,
                              MetaArena& meta) noexcept {
  const std::size_t region = space.scarce() ? granules : kGranulesMax;
  const std::size_t bytes = region * kGranuleBytes;
  std::byte* const base = space.take(bytes, kGranuleBytes);
  if (base == nullptr) return false;
  if (!map.prepare(base, bytes)) {
    space.give_back(base, bytes);
    return false;
  }
  hooks::on_memory_arrival(base, bytes);
  link(base, region, false, 0, map, meta);
  return true;
}

Run RunAllocator::acquire(std::size_t granules, AddressSpace& space, AddressMap& map,
                          MetaArena& meta) noexcept {
  if (granules == recent_granules_) {
    std::byte* const base = recent_base_;
    recent_base_ = nullptr;
    recent_granules_ = 0;
    return {.base = base, .granules = granules};
  }
  FreeRun* run = find(granules);
  if (run == nullptr) {
    settle_recent(map, meta);
    run = find(granules);
  }
  if (run == nullptr) {
    if (!add_region(granules, space, map, meta)) return {};
    run = find(granules);
    if (run == nullptr) return {};  // there was no record for the region
  }
  const Run taken{run->base, granules, !run->dirty, run->purged, run->since_ms};
  take_front(*run, granules, map);
  return taken;
}

void RunAllocator::settle_recent(AddressMap& map, MetaArena& meta) noexcept {
  if (recent_base_ == nullptr) return;
  std::byte* base = recent_base_;
  std::size_t granules = recent_granules_;
  recent_base_ = nullptr;
  recent_granules_ = 0;
  if (FreeRun* const before = free_run_at(map, base - kGranuleBytes)) {
    base = before->base;
    granules += before->granules;
    unlink(*before, map);
  }
  if (FreeRun* const behind = free_run_at(map, base + granules * kGranuleBytes)) {
    granules += behind->granules;
    unlink(*behind, map);
  }
  link(base, granules, true, recent_since_ms_, map, meta);
}

void RunAllocator::release(std::byte* base, std::size_t granules, std::uint64_t now_ms,
                           const Retention& retention, AddressSpace& space, AddressMap& map,
                           MetaArena& meta) noexcept {
  settle_recent(map, meta);
  recent_base_ = base;
  recent_granules_ = granules;
  recent_since_ms_ = now_ms;
  while (oldest_ != nullptr && retention.is_due(oldest_->since_ms, now_ms)) {
    FreeRun& old = *oldest_;
    purge(old, space, map);
    old.purged = true;
    old.since_ms = now_ms;
  }
}

bool RunAllocator::try_extend(std::byte* base, std::size_t granules, std::size_t more,
                              AddressMap& map, MetaArena& meta) noexcept {
  settle_recent(map, meta);
  FreeRun* const behind = free_run_at(map, base + granules * kGranuleBytes);
  if (behind == nullptr || behind->granules < more) return false;
  take_front(*behind, more, map);
  return true;
}

void RunAllocator::purge(FreeRun& run, AddressSpace& space, AddressMap& map) noexcept {
  std::byte* const base = run.base;
  const std::size_t bytes = run.granules * kGranuleBytes;
  if (space.scarce()) {
    unlink(run, map);
    hooks::on_part_return(base, bytes);
    if (!space.give_back(base, bytes)) os::discard(base, bytes);
    return;
  }
  unlink_age(run);
  os::discard(base, bytes);
}

std::size_t RunAllocator::purge_all(AddressSpace& space, AddressMap& map,
                                    MetaArena& meta) noexcept {
  settle_recent(map, meta);
  std::size_t bytes = 0;
  while (oldest_ != nullptr) {
    bytes += oldest_->granules * kGranuleBytes;
    purge(*oldest_, space, map);
  }
  return bytes;
}

bool RunAllocator::verify(const AddressMap& map) const noexcept {
  std::size_t granules = 0, dirty = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const bool bit = (occupied_[bin / 64] >> (bin % 64) & 1) != 0;
    if (bit != (bins_[bin] != nullptr)) return false;
    for (const FreeRun* run = bins_[bin]; run != nullptr; run = run->next) {
      if (bin_for(run->granules) != bin) return false;
      if (free_run_at(map, run->base) != run) return false;
      if (free_run_at(map, last_granule(run->base, run->granules)) != run) return false;
      if (free_run_at(map, run->base + run->granules * kGranuleBytes) != nullptr) return false;
      granules += run->granules;
      dirty += run->dirty ? 1 : 0;
    }
  }
  for (const FreeRun* run = oldest_; run != nullptr; run = run->newer) --dirty;
  return granules == free_granules_ && dirty == 0;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
