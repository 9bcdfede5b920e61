// The half of the engine that is about memory: atomics, plain accesses, spinning threads.
#include "explore/runtime/engine.h"

namespace explore {

namespace {

Word128 read_memory(Address address, std::uint8_t bytes) noexcept {
  switch (bytes) {
    case 1: return *reinterpret_cast<const std::uint8_t*>(address);
    case 2: return *reinterpret_cast<const std::uint16_t*>(address);
    case 4: return *reinterpret_cast<const std::uint32_t*>(address);
    case 8: return *reinterpret_cast<const std::uint64_t*>(address);
    default: return *reinterpret_cast<const Word128*>(address);
  }
}

void write_memory(Address address, std::uint8_t bytes, Word128 value) noexcept {
  switch (bytes) {
    case 1: *reinterpret_cast<std::uint8_t*>(address) = static_cast<std::uint8_t>(value); break;
    case 2: *reinterpret_cast<std::uint16_t*>(address) = static_cast<std::uint16_t>(value); break;
    case 4: *reinterpret_cast<std::uint32_t*>(address) = static_cast<std::uint32_t>(value); break;
    case 8: *reinterpret_cast<std::uint64_t*>(address) = static_cast<std::uint64_t>(value); break;
    default: *reinterpret_cast<Word128*>(address) = value;
  }
}

const char* name_of(Access access) noexcept {
  switch (access) {
    case Access::PlainRead: return "plain read";
    case Access::PlainWrite: return "plain write";
    case Access::AtomicRead: return "atomic read";
    case Access::AtomicWrite: return "atomic write";
  }
  return "access";
}

}  // namespace

void Engine::record(EventKind kind, Order order, const Location* location, Word128 value,
                    Word128 before, std::uint32_t older_by, const void* pc) {
  const Silence silence;
  Event event;
  event.kind = kind;
  event.order = order;
  event.thread = static_cast<std::uint8_t>(current_);
  event.op = threads_[current_].op;
  event.older_by = older_by;
  if (location != nullptr) {
    event.address = location->address;
    event.bytes = location->bytes;
    event.is_private = !is_point(*location);
  }
  event.value = static_cast<std::uint64_t>(value);
  event.before = static_cast<std::uint64_t>(before);
  event.pc = pc;
  trace_->push_back(event);
}

void Engine::note(EventKind kind, Address address, std::uint64_t value, const void* pc,
                  const char* text) {
  if (trace_ == nullptr || current_ < 0) [[likely]] return;
  record(kind, Order::Relaxed, nullptr, value, 0, 0, pc);
  const Silence silence;
  trace_->back().address = address;
  trace_->back().text = text;
}

void Engine::check_race(Address address, std::size_t bytes, Access kind) {
  Race race;
  const bool raced =
      shadow_.access(current_, model_.happened(current_), address, bytes, kind, race);
  if (raced && races_) {
    fail_at(address, "race", "%s of %zu bytes by thread %d, %s by thread %d not ordered before it",
            name_of(kind), bytes, current_, name_of(race.before), race.thread);
  }
  if (shadow_.is_full() || model_.is_full() || model_.epoch(current_) >= kEpochMax) {
    fail("too-large", "a schedule touches more memory, or releases more often, than is modelled");
  }
}

void Engine::plain_slow(Address address, std::size_t bytes, Access kind, const void* pc) {
  if (trace_ != nullptr) [[unlikely]] {
    note(kind == Access::PlainWrite ? EventKind::Write : EventKind::Read, address, bytes, pc);
  }
  // A long copy is looked at where it begins and ends: whole blocks are copied, and a race of two
  // of them is seen there.
  constexpr std::size_t kEndBytes = 2048;
  if (bytes <= 2 * kEndBytes) return check_race(address, bytes, kind);
  if (kind == Access::PlainWrite) {
    const Silence silence;
    shadow_.save_whole(address + kEndBytes, bytes - 2 * kEndBytes);
  }
  check_race(address, kEndBytes, kind);
  check_race(address + bytes - kEndBytes, kEndBytes, kind);
}

Location& Engine::enter(Address address, std::uint8_t bytes) {
  ++threads_[current_].op;
  mix(static_cast<unsigned>(current_) << 5 | bytes);
  Location* location = &model_.locate(address, bytes, read_memory(address, bytes));
  if (is_point(*location)) {
    schedule_point();
    // Others ran: plain code may have written there meanwhile.
    if (location->forgotten) {
      location = &model_.locate(address, bytes, read_memory(address, bytes));
    }
  }
  return *location;
}

/// A thread that sees nothing but what it saw before gives way until somebody writes, and then sees
/// the newest store, as the standard promises for "a reasonable amount of time".
bool Engine::gave_way(Location*& location) {
  Thread& self = threads_[current_];
  if (self.spins < strategy_->spin_limit() || !is_point(*location)) return false;
  yielded_ |= 1u << current_;
  leave();
  if (location->forgotten) {
    const Address address = location->address;
    const std::uint8_t bytes = location->bytes;
    location = &model_.locate(address, bytes, read_memory(address, bytes));
  }
  return true;
}

void Engine::count_spin(const Location& location, Word128 value) {
  if (!is_point(location)) return;
  Thread& self = threads_[current_];
  const std::uint64_t seen = static_cast<std::uint64_t>(value);
  for (const Glance& glance : self.glances) {
    if (glance.location != &location || glance.value != seen) continue;
    ++self.spins;
    return;
  }
  self.spins = 0;
  self.glances[self.next_glance++ % kGlances] = {&location, seen};
}

void Engine::made_progress(const Location& location) {
  Thread& self = threads_[current_];
  self.spins = 0;
  if (!is_point(location)) return;
  for (Glance& glance : self.glances) glance.location = nullptr;
  yielded_ = 0;
}

Word128 Engine::load(Address address, std::uint8_t bytes, Order order, const void* pc) {
  Location* location = &enter(address, bytes);
  std::uint32_t older = 0;
  if (!gave_way(location) && location->count > 1) {
    const std::uint32_t oldest = model_.oldest_readable(*location, current_, order);
    older = choose(location->newest - oldest + 1);
  }
  const std::uint32_t index = location->newest - older;
  const Word128 value = location->at(index).value;
  coverage_.mark(pc, is_point(*location));
  check_race(address, bytes, Access::AtomicRead);
  count_spin(*location, value);
  if (trace_ != nullptr) [[unlikely]] record(EventKind::Load, order, location, value, 0, older, pc);
  model_.read(*location, current_, index, order);
  return value;
}

void Engine::store(Address address, std::uint8_t bytes, Word128 value, Order order,
                   const void* pc) {
  Location& location = enter(address, bytes);
  coverage_.mark(pc, is_point(location));
  check_race(address, bytes, Access::AtomicWrite);
  if (trace_ != nullptr) [[unlikely]] record(EventKind::Store, order, &location, value, 0, 0, pc);
  model_.write(location, current_, value, order, false);
  write_memory(address, bytes, value);
  made_progress(location);
}

Word128 Engine::begin_rmw(Address address, std::uint8_t bytes) {
  Location* location = &enter(address, bytes);
  gave_way(location);
  rmw_ = location;
  return location->at(location->newest).value;
}

void Engine::end_rmw(Word128 value, Order order, const void* pc) {
  Location& location = *rmw_;
  coverage_.mark(pc, is_point(location));
  check_race(location.address, location.bytes, Access::AtomicWrite);
  if (trace_ != nullptr) [[unlikely]] {
    record(EventKind::Rmw, order, &location, value, location.at(location.newest).value, 0, pc);
  }
  const Word128 before = location.at(location.newest).value;
  model_.read(location, current_, location.newest, order);
  model_.write(location, current_, value, order, true);
  write_memory(location.address, location.bytes, value);
  // An exchange of a lock word that was taken already is a spin like any other.
  if (before == value) {
    count_spin(location, value);
  } else {
    made_progress(location);
  }
}

bool Engine::compare_exchange(Address address, std::uint8_t bytes, Word128& expected,
                              Word128 wanted, Order success, Order failure, const void* pc) {
  Location* location = &enter(address, bytes);
  const bool newest_only = gave_way(location);
  std::uint32_t index = location->newest;
  if (!newest_only && location->count > 1) {
    // It may fail on an older value, but only succeed on the newest.
    const std::uint32_t oldest = model_.oldest_readable(*location, current_, failure);
    index -= choose(location->newest - oldest + 1);
    if (location->at(index).value == expected) index = location->newest;
  }
  const Word128 found = location->at(index).value;
  if (found == expected) {
    rmw_ = location;
    end_rmw(wanted, success, pc);
    return true;
  }
  coverage_.mark(pc, is_point(*location));
  check_race(address, bytes, Access::AtomicRead);
  count_spin(*location, found);
  if (trace_ != nullptr) [[unlikely]] {
    record(EventKind::CasFailed, failure, location, found, 0, location->newest - index, pc);
  }
  model_.read(*location, current_, index, failure);
  expected = found;
  return false;
}

void Engine::fence(Order order, const void* pc) {
  ++threads_[current_].op;
  // What a fence releases or takes over depends on when it runs.
  schedule_point();
  coverage_.mark(pc, true);
  if (trace_ != nullptr) [[unlikely]] record(EventKind::Fence, order, nullptr, 0, 0, 0, pc);
  model_.fence(current_, order);
}

}  // namespace explore
