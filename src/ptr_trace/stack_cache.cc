#include "ptr_trace/stack_cache.h"

#include "base/compiler.h"

namespace hakmem {

namespace {

Address read_place(Address place) noexcept { return *reinterpret_cast<const Address*>(place); }

}  // namespace

StackCache::Entry* StackCache::find(const Key& key, const StackRange& range,
                                    StackTrace& out) noexcept {
  if (debt_ != 0) --debt_;
  if (!range.kept) return nullptr;
  Set& set = set_of(key);
  for (std::uint32_t i = 0; i < kWays; ++i) {
    const std::uint32_t way = (set.last_way + i) % kWays;
    Entry& entry = set.ways[way];
    if (!(entry.key == key) || !try_match(entry, range, out)) continue;
    set.last_way = way;
    return &entry;
  }
  return nullptr;
}

bool StackCache::wants_another() noexcept {
  if (debt_ + kFillPrice > kCreditMax) return false;
  debt_ += kFillPrice;
  return true;
}

HAK_NO_SANITIZE_ADDRESS bool StackCache::try_match(const Entry& entry, const StackRange& range,
                                                   StackTrace& out) noexcept {
  // Places rise, so the two ends tell for all.
  if (!range.holds_word(entry.frames[0].place)) return false;
  if (!range.holds_word(entry.frames[entry.count - 1].place)) return false;
  for (std::uint32_t i = 0; i < entry.count; ++i) {
    if (read_place(entry.frames[i].place) != entry.frames[i].pc) return false;
    out.pcs[i] = entry.frames[i].pc;
  }
  out.count = entry.count;
  return true;
}

HAK_NO_SANITIZE_ADDRESS StackCache::Entry* StackCache::remember(const Key& key,
                                                                const PlacedFrame* frames,
                                                                std::uint32_t count,
                                                                const StackRange& range) noexcept {
  if (!range.kept || count == 0 || count > kStackFramesMax) return nullptr;
  Address below = range.low;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Address place = frames[i].place;
    if (place < below || !range.holds_word(place)) return nullptr;
    if (read_place(place) != frames[i].pc) return nullptr;
    below = place + sizeof(Address);
  }
  Set& set = set_of(key);
  set.last_way = set.next_way++ % kWays;
  Entry& entry = set.ways[set.last_way];
  entry.key = key;
  entry.count = count;
  entry.note = 0;
  for (std::uint32_t i = 0; i < count; ++i) entry.frames[i] = frames[i];
  return &entry;
}

}  // namespace hakmem
