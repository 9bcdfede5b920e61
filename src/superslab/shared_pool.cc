#include "superslab/shared_pool.h"

#include "integrity/hooks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Address space for the records of every block a SuperSlab may have, at the levels that keep them.
bool reserve_records(SuperSlab& superslab) noexcept {
  if constexpr (!kRecordLayout) return true;
  if (superslab.records != nullptr) return true;
  superslab.records = os::map(kRecordBytesPerSuperSlab, os::Access::ReadWrite);
  return superslab.records != nullptr;
}

void give_back_records(SuperSlab& superslab) noexcept {
  if (superslab.records == nullptr) return;
  if (os::unmap(superslab.records, kRecordBytesPerSuperSlab)) superslab.records = nullptr;
}

}  // namespace

void SharedPool::link_newest(SuperSlab& superslab) noexcept {
  superslab.prev = nullptr;
  superslab.next = newest_;
  if (newest_ != nullptr) newest_->prev = &superslab;
  newest_ = &superslab;
  if (oldest_ == nullptr) oldest_ = &superslab;
  cached_count_.add();
}

void SharedPool::unlink(SuperSlab& superslab) noexcept {
  (superslab.prev != nullptr ? superslab.prev->next : newest_) = superslab.next;
  (superslab.next != nullptr ? superslab.next->prev : oldest_) = superslab.prev;
  superslab.next = superslab.prev = nullptr;
  cached_count_.add(static_cast<std::uint64_t>(-1));
}

SuperSlab* SharedPool::acquire(SuperSlabKind kind, AddressSpace& space, AddressMap& map,
                               MetaArena& meta) noexcept {
  LockScope scope(lock_);
  SuperSlab* superslab = newest_;
  if (superslab != nullptr) {
    unlink(*superslab);
  } else {
    superslab = expand(space, map, meta);
    if (superslab == nullptr) return nullptr;
  }
  superslab->reset(kind);
  hooks::on_superslab_map(*superslab);
  return superslab;
}

SuperSlab* SharedPool::expand(AddressSpace& space, AddressMap& map, MetaArena& meta) noexcept {
  constexpr std::size_t kBytes = kGeometry.superslab_bytes();
  SuperSlab* superslab = memoryless_;
  if (superslab != nullptr) {
    memoryless_ = superslab->next;
    superslab->next = nullptr;
  } else {
    superslab = meta.create<SuperSlab>();
    if (superslab == nullptr) return nullptr;
    superslab->next_ever = ever_;
    ever_ = superslab;
    count_.add();
  }
  superslab->data = space.take(kBytes, kBytes);
  if (superslab->data == nullptr || !map.prepare(superslab->data, kBytes) ||
      !reserve_records(*superslab)) {
    if (superslab->data != nullptr) space.give_back(superslab->data, kBytes);
    superslab->data = nullptr;
    superslab->next = memoryless_;
    memoryless_ = superslab;
    return nullptr;
  }
  hooks::on_superslab_arrival(*superslab);
  superslab->dirty_units = superslab->purged_units = 0;
  superslab->huge = false;
  for (std::size_t i = 0; i < SuperSlab::kSlabs; ++i) {
    map.store(superslab->data + i * kGranuleBytes, 1, MapEntry::of_free_slab(superslab->slabs[i]));
  }
  return superslab;
}

void SharedPool::release(SuperSlab& superslab, std::uint64_t now_ms, const Retention& retention,
                         AddressSpace& space, AddressMap& map) noexcept {
  constexpr std::size_t kBytes = kGeometry.superslab_bytes();
  LockScope scope(lock_);
  hooks::on_superslab_unmap(superslab);
  superslab.owner = nullptr;
  if (space.scarce() || !keeping_.on) {
    map.store(superslab.data, SuperSlab::kSlabs, MapEntry());
    hooks::on_superslab_return(superslab);
    const bool gone = space.give_back(superslab.data, kBytes) ||
                      (!keeping_.on && os::unmap(superslab.data, kBytes));
    if (gone) {
      give_back_records(superslab);
      superslab.data = nullptr;
      superslab.next = memoryless_;
      memoryless_ = &superslab;
      return;
    }
    for (std::size_t i = 0; i < SuperSlab::kSlabs; ++i) {
      map.store(superslab.data + i * kGranuleBytes, 1, MapEntry::of_free_slab(superslab.slabs[i]));
    }
  }
  link_newest(superslab);
  for (SuperSlab* old = oldest_; old != nullptr; old = old->prev) {
    if (old->dirty_units == 0) continue;  // purged before; younger ones may be due
    if (!retention.is_due(old->dirty_since_ms, now_ms)) break;
    old->purge_aged(now_ms);
  }
}

std::size_t SharedPool::purge_all() noexcept {
  LockScope scope(lock_);
  std::size_t bytes = 0;
  for (SuperSlab* cached = newest_; cached != nullptr; cached = cached->next) {
    if (cached->dirty_units == 0) continue;
    bytes += kGeometry.superslab_bytes();
    cached->purge();
  }
  return bytes;
}

bool SharedPool::verify() noexcept {
  LockScope scope(lock_);
  for (const SuperSlab* cached = newest_; cached != nullptr; cached = cached->next) {
    if (cached->owner != nullptr || !cached->is_empty() || !cached->bitmap_agrees()) return false;
    if (cached->next != nullptr && cached->next->prev != cached) return false;
  }
  return true;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
