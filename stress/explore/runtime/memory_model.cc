#include "explore/runtime/memory_model.h"

#include <algorithm>

namespace explore {

namespace {

std::size_t hash_of(Address address) noexcept {
  return static_cast<std::size_t>((address >> 2) * 0x9e3779b97f4a7c15u >> 40);
}

}  // namespace

MemoryModel::MemoryModel() : table_(kTableSize), shared_(kTableSize) {
  touched_.reserve(kTableSize);
}

void MemoryModel::reset() noexcept {
  ++generation_;
  sc_clock_ = 0;
  fenced_.clear();
  touched_.clear();
  threads_[0] = ThreadMemory();
  threads_[0].now.happened.set(0, 1);
  threads_[0].now.visible.set(0, 1);
}

void MemoryModel::tick(int thread) noexcept {
  Knowledge& now = threads_[thread].now;
  const Epoch next = static_cast<Epoch>(now.happened[thread] + 1);
  now.happened.set(thread, next);
  now.visible.set(thread, next);
}

void MemoryModel::fork_thread(int parent, int child) noexcept {
  threads_[child] = ThreadMemory();
  threads_[child].now = threads_[parent].now;
  threads_[child].now.happened.set(child, 1);
  threads_[child].now.visible.set(child, 1);
  tick(parent);
}

void MemoryModel::release_to(int thread, Knowledge& into) noexcept {
  into.join(threads_[thread].now);
  tick(thread);
}

Location& MemoryModel::locate(Address address, std::uint8_t bytes, Word128 value) noexcept {
  for (std::size_t i = hash_of(address);; ++i) {
    Location& location = table_[i % kTableSize];
    const bool is_this = location.generation == generation_ && location.address == address;
    if (is_this && !location.forgotten && location.bytes == bytes) return location;
    if (!is_this && location.generation == generation_) continue;
    if (!is_this) {
      location.users = 0;
      location.written = false;
      location.shared = is_known_shared(address);
      touched_.push_back(&location);
    }
    location.generation = generation_;
    location.address = address;
    location.bytes = bytes;
    location.forgotten = false;
    location.readers = 0;
    location.newest = 0;
    location.count = 1;
    location.ring[0] = Store();
    location.ring[0].value = value;
    return location;
  }
}

void MemoryModel::forget_at(Address start, Address begin, std::size_t bytes) noexcept {
  for (std::size_t i = hash_of(start);; ++i) {
    Location& location = table_[i % kTableSize];
    if (location.generation != generation_) return;
    if (location.address != start) continue;
    if (start < begin + bytes && begin < start + location.bytes) location.forgotten = true;
    return;
  }
}

void MemoryModel::forget(Address begin, std::size_t bytes) noexcept {
  constexpr Address kWidest = sizeof(Word128);
  const Address first = begin - begin % kWidest;  // an atomic is aligned to its size
  for (Address start = first; start < begin + bytes; ++start) forget_at(start, begin, bytes);
}

std::uint32_t MemoryModel::oldest_readable(const Location& location, int thread,
                                           Order order) const noexcept {
  std::uint32_t oldest = location.newest - (location.count - 1);
  if (location.count == 1) return oldest;
  const bool sc = order == Order::SeqCst;
  const Knowledge& now = threads_[thread].now;
  VectorClock visible = now.visible;
  if (sc) visible.join(fenced_);
  for (std::uint32_t i = location.newest; i > oldest; --i) {
    const Store& store = location.at(i);
    const bool ordered = store.sc_time != 0 && (sc || store.sc_time <= now.sc_fence);
    if (ordered || store.epoch <= visible[store.thread]) {
      oldest = i;
      break;
    }
  }
  for (unsigned left = location.readers; left != 0; left &= left - 1) {
    const int reader = __builtin_ctz(left);
    for (int k = Location::kMarks - 1; k >= 0; --k) {
      const ReadMark& mark = location.marks[reader][k];
      if (mark.epoch == 0 || mark.epoch > visible[reader]) continue;
      oldest = std::max(oldest, mark.index);
      break;
    }
  }
  return oldest;
}

void MemoryModel::read(Location& location, int thread, std::uint32_t index,
                       Order order) noexcept {
  ThreadMemory& self = threads_[thread];
  Store& store = location.at(index);
  location.users = static_cast<std::uint8_t>(location.users | 1u << thread);
  if (index != 0) mark_read(location, thread, index);  // nothing is older than the first
  if (order == Order::SeqCst && store.sc_time == 0) store.sc_time = ++sc_clock_;
  if (store.epoch == 0) return;  // what was there before the schedule releases nothing
  if (acquires(order)) {
    self.now.join(store.release);
  } else {
    self.unfenced.join(store.release);
  }
}

void MemoryModel::mark_read(Location& location, int thread, std::uint32_t index) noexcept {
  ReadMark* const marks = location.marks[thread];
  const bool first = (location.readers >> thread & 1) == 0;
  if (first) {
    for (int k = 0; k < Location::kMarks; ++k) marks[k] = ReadMark();
    location.readers = static_cast<std::uint8_t>(location.readers | 1u << thread);
  }
  ReadMark& last = marks[Location::kMarks - 1];
  const Epoch now = epoch(thread);
  if (first || last.index != index) {
    if (last.epoch != now) {
      // The oldest two become one that says more than they did: stricter, never wrong.
      const Epoch kept = marks[0].epoch;
      for (int k = 0; k + 1 < Location::kMarks; ++k) marks[k] = marks[k + 1];
      if (kept != 0) marks[0].epoch = kept;
    }
    last = {now, index};
  }
}

void MemoryModel::write(Location& location, int thread, Word128 value, Order order,
                        bool is_rmw) noexcept {
  ThreadMemory& self = threads_[thread];
  location.users = static_cast<std::uint8_t>(location.users | 1u << thread);
  location.written = true;
  const Store& before = location.at(location.newest);
  Store& store = location.at(location.newest + 1);
  store.release = releases(order) ? self.now : self.at_release_fence;
  if (is_rmw) store.release.join(before.release);
  ++location.newest;
  if (location.count < Location::kHistory) ++location.count;
  store.value = value;
  store.thread = static_cast<std::uint8_t>(thread);
  store.epoch = self.now.happened[thread];
  store.sc_time = order == Order::SeqCst ? ++sc_clock_ : 0;
  if (releases(order)) tick(thread);
}

void MemoryModel::fence(int thread, Order order) noexcept {
  ThreadMemory& self = threads_[thread];
  if (acquires(order)) self.now.join(self.unfenced);
  if (order == Order::SeqCst) {
    self.now.visible.join(fenced_);
    fenced_.join(self.now.visible);
    self.now.sc_fence = ++sc_clock_;
  }
  if (releases(order)) {
    self.at_release_fence = self.now;
    tick(thread);
  }
}

bool MemoryModel::is_known_shared(Address address) const noexcept {
  for (std::size_t i = hash_of(address);; ++i) {
    const Address entry = shared_[i % kTableSize];
    if (entry == address) return true;
    if (entry == 0) return false;
  }
}

std::size_t MemoryModel::learn_shared() {
  std::size_t found = 0;
  for (const Location* location : touched_) {
    const bool several = (location->users & (location->users - 1)) != 0;
    if (!several || !location->written || is_known_shared(location->address)) continue;
    if (shared_count_ + 1 >= kTableSize) break;
    std::size_t i = hash_of(location->address);
    while (shared_[i % kTableSize] != 0) ++i;
    shared_[i % kTableSize] = location->address;
    ++shared_count_;
    ++found;
  }
  return found;
}

void MemoryModel::forget_shared() noexcept {
  std::fill(shared_.begin(), shared_.end(), Address{0});
  shared_count_ = 0;
}

}  // namespace explore
