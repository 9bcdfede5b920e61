#include "gate/block_history.h"

#include "ptr_trace/trace_history.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

constinit TraceHistory history{};  // one report at a time: see report.h

static_assert(kFindingHistoryMax == kHistoryMax);

/// True for a call that the report shows with its stack.
bool is_shown(const TraceEvent& event, const BlockRecord& record, const Finding& finding) noexcept {
  const std::uint64_t operation = event.operation();
  const bool freed = record.freed_sequence > record.allocated_sequence;
  return operation == record.allocated_sequence || (freed && operation == record.freed_sequence) ||
         operation == finding.detected.sequence;
}

}  // namespace

void describe_history(const Domain& domain, const CheckedBlock& block, Finding& finding) noexcept {
  collect_history(domain.checks.rings, reinterpret_cast<Address>(block.front()),
                  reinterpret_cast<Address>(block.end), history);
  bool more = false;
  std::uint64_t allocations = 0;
  for (std::uint32_t i = 0; i < history.count; ++i) {
    const TraceEvent& event = history.events[i];
    FindingCallBefore& call = finding.history.calls[i];
    call.what = name_of(event.kind());
    call.thread_id = event.thread();
    call.sequence = event.operation();
    call.bytes = event.bytes();
    domain.checks.depot.lookup(StackId{event.stack()}, call.stack);
    if (call.stack.count > kHistoryFramesMax) call.stack.count = kHistoryFramesMax;
    allocations += event.kind() == TraceKind::Alloc;
    more |= !is_shown(event, *block.record, finding);
  }
  if (!more) return;
  finding.history.count = history.count;
  finding.history.earlier_owners = history.allocations - allocations;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
