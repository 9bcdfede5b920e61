// What happened in one schedule, for people: thread, place, operation, order, value. Called by the
// engine while it replays a finding, and by the driver that prints it. Invariant: recording changes
// no decision.
#pragma once

#include <string>
#include <vector>

#include "explore/runtime/memory_model.h"

namespace explore {

enum class EventKind : std::uint8_t {
  Read, Write, Load, Store, Rmw, CasFailed, Fence, Lock, Unlock, Wait, Wake, Start, Join, Exit,
  Allocate, Free, Vanish, Note
};

struct Event {
  EventKind kind = EventKind::Read;
  Order order = Order::Relaxed;
  std::uint8_t thread = 0;
  std::uint8_t bytes = 0;
  bool is_private = false;         ///< a location that one thread uses: no schedule point
  std::uint32_t op = 0;
  std::uint32_t older_by = 0;      ///< stores that a load did not see yet
  Address address = 0;
  std::uint64_t value = 0;         ///< read or, for stores, written
  std::uint64_t before = 0;        ///< read-modify-write: what it read
  const void* pc = nullptr;        ///< return address of the callback
  const char* text = nullptr;      ///< notes only
};

using Trace = std::vector<Event>;

/// One line for each event, with `file:line function` found by llvm-symbolizer where it
/// is installed, and bare addresses otherwise. Plain accesses, and atomic ones that only one
/// thread makes, are left out unless they touch `focus` (an address; 0: none). Addresses get short
/// names in the order of their appearance.
std::string to_text(const Trace& trace, Address focus);

}  // namespace explore
