#include "explore/runtime/shadow.h"

#include <algorithm>

namespace explore {

namespace {

constexpr std::size_t kSpareCells = 4096;

/// Kinds of earlier accesses that conflict with one of this kind, one bit each.
constexpr unsigned conflicts_of(Access kind) noexcept {
  constexpr unsigned kPlainRead = 1, kPlainWrite = 2, kAtomicRead = 4, kAtomicWrite = 8;
  switch (kind) {
    case Access::PlainRead: return kPlainWrite | kAtomicWrite;
    case Access::PlainWrite: return kPlainRead | kPlainWrite | kAtomicRead | kAtomicWrite;
    case Access::AtomicRead: return kPlainWrite;
    case Access::AtomicWrite: return kPlainRead | kPlainWrite;
  }
  return 0;
}

}  // namespace

Shadow::Shadow() : table_(kTableSize), spare_(kSpareCells) { touched_.reserve(kTableSize); }

void Shadow::reset() noexcept {
  ++generation_;
  touched_.clear();
  spare_used_ = 0;
}

Shadow::Word& Shadow::word_of(Address key) noexcept {
  for (std::size_t i = home_of(key);; ++i) {
    Word& word = table_[i % kTableSize];
    if (word.generation == generation_) {
      if (word.key == key) return word;
      continue;
    }
    word.generation = generation_;
    word.key = key;
    word.saved = false;
    word.has_atomic = false;
    word.first = Cell();
    touched_.push_back(&word);
    return word;
  }
}

void Shadow::split(Word& word, std::uint8_t mask) {
  if (word.first.bytes == 0) {
    word.first.bytes = mask;
    return;
  }
  unsigned uncovered = mask;
  for (Cell* cell = &word.first; cell != nullptr; cell = next_of(*cell)) {
    const unsigned inside = cell->bytes & mask;
    uncovered &= ~inside;
    if (inside == 0 || inside == cell->bytes || spare_used_ == kSpareCells) continue;
    Cell& rest = spare_[spare_used_];
    rest = *cell;
    rest.bytes = static_cast<std::uint8_t>(cell->bytes & ~mask);
    cell->bytes = static_cast<std::uint8_t>(inside);
    cell->next = static_cast<std::uint16_t>(spare_used_++);
  }
  if (uncovered == 0 || spare_used_ == kSpareCells) return;
  Cell& fresh = spare_[spare_used_];
  fresh = Cell();
  fresh.bytes = static_cast<std::uint8_t>(uncovered);
  fresh.next = word.first.next;
  word.first.next = static_cast<std::uint16_t>(spare_used_++);
}

void Shadow::note_write(Word& word, std::uint8_t mask, Access kind) noexcept {
  const Address address = word.key * kWordBytes;
  if (kind == Access::PlainWrite && word.has_atomic) {
    const unsigned first = static_cast<unsigned>(__builtin_ctz(mask));
    const unsigned count = static_cast<unsigned>(__builtin_popcount(mask));
    model_->forget(address + first, count);
  }
  if (word.saved) return;
  for (std::size_t i = 0; i < ranges_; ++i) {
    if (address < range_[i].begin || address >= range_[i].end) continue;
    word.before = *reinterpret_cast<const std::uint64_t*>(address);
    word.saved = true;
    return;
  }
}

bool Shadow::access_word(int thread, const VectorClock& known, Word& word, std::uint8_t mask,
                         Access kind, Race& race) noexcept {
  if (is_write(kind)) note_write(word, mask, kind);
  if (kind >= Access::AtomicRead) word.has_atomic = true;
  if (word.first.bytes != mask) split(word, mask);
  const unsigned conflicts = conflicts_of(kind);
  bool raced = false;
  for (Cell* cell = &word.first; cell != nullptr; cell = next_of(*cell)) {
    if ((cell->bytes & mask) == 0) continue;
    for (unsigned left = conflicts; left != 0; left &= left - 1) {
      const unsigned other = static_cast<unsigned>(__builtin_ctz(left));
      const unsigned unordered = cell->last[other].beyond(known);
      if (unordered == 0) continue;
      race = {__builtin_ctz(unordered), static_cast<Access>(other)};
      raced = true;
    }
    cell->last[static_cast<std::size_t>(kind)].set(thread, known[thread]);
  }
  return raced;
}

bool Shadow::access(int thread, const VectorClock& known, Address address, std::size_t bytes,
                    Access kind, Race& race) noexcept {
  bool raced = false;
  const Address end = address + bytes;
  while (address < end) {
    const Address word_end = (address / kWordBytes + 1) * kWordBytes;
    const Address stop = std::min(word_end, end);
    const unsigned mask = ((1u << (stop - address)) - 1) << (address % kWordBytes);
    Word& word = word_of(address / kWordBytes);
    raced |= access_word(thread, known, word, static_cast<std::uint8_t>(mask), kind, race);
    if (is_full()) return raced;
    address = stop;
  }
  return raced;
}

void Shadow::forget(Address begin, std::size_t bytes) noexcept {
  const Address first = begin / kWordBytes;
  const Address last = (begin + bytes + kWordBytes - 1) / kWordBytes;
  for (Word* word : touched_) {
    if (word->key < first || word->key >= last) continue;
    word->first = Cell();
    if (word->has_atomic) model_->forget(word->key * kWordBytes, kWordBytes);
  }
}

void Shadow::keep(Address begin, std::size_t bytes) noexcept {
  if (ranges_ < kRangesMax) range_[ranges_++] = {begin, begin + bytes};
}

void Shadow::save_whole(Address begin, std::size_t bytes) {
  begin = (begin + kWordBytes - 1) / kWordBytes * kWordBytes;
  const std::size_t words = bytes / kWordBytes;
  const auto inside = [&](const Range& range) {
    return begin >= range.begin && begin + words * kWordBytes <= range.end;
  };
  if (std::none_of(range_, range_ + ranges_, inside)) return;
  const auto* const contents = reinterpret_cast<const std::uint64_t*>(begin);
  Whole whole{begin, {contents, contents + words}};
  // Words that were written before begin the schedule with what they had then.
  for (const Word* word : touched_) {
    const std::size_t index = word->key - begin / kWordBytes;
    if (word->saved && index < words) whole.before[index] = word->before;
  }
  wholes_.push_back(std::move(whole));
}

void Shadow::restore() noexcept {
  for (const Word* word : touched_) {
    if (!word->saved) continue;
    *reinterpret_cast<std::uint64_t*>(word->key * kWordBytes) = word->before;
  }
  for (; !wholes_.empty(); wholes_.pop_back()) {
    const Whole& last = wholes_.back();
    std::copy(last.before.begin(), last.before.end(),
              reinterpret_cast<std::uint64_t*>(last.begin));
  }
}

void Shadow::zero(Address begin, std::size_t bytes) noexcept {
  for (const Word* word : touched_) {
    const Address address = word->key * kWordBytes;
    if (address < begin || address >= begin + bytes || !word->saved) continue;
    *reinterpret_cast<std::uint64_t*>(address) = 0;
  }
  for (const Whole& whole : wholes_) {
    for (std::size_t i = 0; i < whole.before.size(); ++i) {
      const Address address = whole.begin + i * kWordBytes;
      if (address - begin < bytes) *reinterpret_cast<std::uint64_t*>(address) = 0;
    }
  }
}

}  // namespace explore
