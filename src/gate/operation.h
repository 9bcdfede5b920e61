// One call of a checked gate: its number, its thread and its stack. Called by checked_gate.cc.
#pragma once

#include "gate/checked_report.h"
#include "gate/exit_sweep.h"
#include "gate/memory_sample.h"
#include "gate/thread_lifecycle.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// What is known about this operation before anything is touched; the stack is captured here, while
/// no lock of ours is held.
struct Operation {
  StackTrace stack;
  Detection detection;
  StackId known_id = StackId::None;  ///< the stack's, where the thread's shadow stack knows it
  [[no_unique_address]] HeapTraceScope trace_scope;  ///< this thread's steps are traced meanwhile

  Operation(Domain& domain, ThreadState& thread, Address caller) noexcept
      : trace_scope(domain, *thread.heap) {
    if (thread.thread_id == 0) thread.thread_id = static_cast<std::uint32_t>(os::thread_id());
    if constexpr (kBuildChecks.has(Check::kStacks)) {
      capture(domain, thread, caller);
    } else {
      stack.count = 1;
      stack.pcs[0] = caller;
    }
    if constexpr (kTimeline) {
      detection.sequence = domain.checks.next_sequence();
      if (domain.checks.timeline.wants(detection.sequence)) [[unlikely]] take_sample(domain);
    }
    detection.thread_id = thread.thread_id;
    detection.stack = &stack;
    trace_scope.begin(detection.thread_id, detection.sequence);
    sweep_when_due(domain);
  }

  /// The stack's id in the depot.
  StackId intern(Domain& domain, ThreadState& thread) const noexcept {
    if constexpr (!kBuildChecks.has(Check::kStacks)) {
      if (has_heap(domain, thread)) return intern_caller(domain, *thread.heap);
    }
    return known_id != StackId::None ? known_id : domain.checks.depot.intern(stack);
  }

 private:
  /// A template, because below level 4 operations have no numbers.
  template <class DomainT>
  void sweep_when_due(DomainT& domain) const noexcept {
    if constexpr (kBuildChecks.has(Check::kExitSweep)) {
      const std::uint64_t every = domain.checks.check_every;
      if (every != 0 && detection.sequence % every == 0) [[unlikely]] sweep(domain, detection);
    }
  }

  /// The same of a stack that is one caller. A template, because level 4's heaps keep no callers.
  template <class HeapT>
  StackId intern_caller(Domain& domain, HeapT& heap) const noexcept {
    CallerCache::Slot& slot = heap.callers.slot_of(stack.pcs[0]);
    if (slot.caller != stack.pcs[0]) [[unlikely]] {
      slot = {stack.pcs[0], domain.checks.depot.intern(stack)};
    }
    return slot.id;
  }

  /// A template, because below level 4 heaps have no stacks to name here.
  template <class DomainT>
  void capture(DomainT& domain, ThreadState& thread, Address caller) noexcept {
    const StackMethod method = domain.checks.stack_method;
    const std::uint32_t frames = domain.checks.stack_frames;
    ShadowStack* const shadow = has_heap(domain, thread) ? thread.heap->stacks.get() : nullptr;
    if (shadow != nullptr) {
      known_id = capture_stack(method, frames, caller, stack, *shadow, domain.checks.depot);
    } else {
      capture_stack(method, frames, caller, stack);
    }
  }
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
