#include "ptr_trace/trace_history.h"

namespace hakmem {

namespace {

/// Keeps the events sorted and the newest of them.
void insert(TraceHistory& history, const TraceEvent& event) noexcept {
  std::uint32_t at = history.count;
  while (at != 0 && history.events[at - 1].operation() < event.operation()) --at;
  if (at == kHistoryMax) return;
  if (history.count < kHistoryMax) ++history.count;
  for (std::uint32_t i = history.count - 1; i > at; --i) history.events[i] = history.events[i - 1];
  history.events[at] = event;
}

}  // namespace

void collect_history(const TraceRings& rings, Address begin, Address end,
                     TraceHistory& out) noexcept {
  out = TraceHistory{};
  for (const TraceRing* ring = rings.newest(); ring != nullptr; ring = ring->next()) {
    ring->for_each([&](const TraceEvent& event) {
      if (!is_operation(event.kind())) return;
      if (event.address() < begin || event.address() >= end) return;
      if (event.kind() == TraceKind::Alloc) ++out.allocations;
      insert(out, event);
    });
  }
}

}  // namespace hakmem
