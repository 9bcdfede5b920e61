#include "ptr_trace/stack_range.h"

#include "base/compiler.h"
#include "os/os_process.h"
#include "os/os_signal.h"

namespace hakmem {

namespace {

// Linux keeps at least this much below the main stack's top free of other mappings, and the stack
// is one mapping from wherever the pointer is up to the top.
constexpr std::size_t kMainStackSpan = 128 * kMiB;

HAK_TLS_INITIAL_EXEC constinit thread_local StackRange own_stack{};
HAK_TLS_INITIAL_EXEC constinit thread_local StackRange borrowed_stack{};

struct Search {
  Address wanted;
  StackRange found;

  bool operator()(const os::Mapping& mapping) noexcept {
    if (wanted >= mapping.end) return true;
    if (wanted >= mapping.begin && mapping.readable) {
      found.low = mapping.begin;
      found.high = mapping.end;
    }
    return false;
  }
};

StackRange mapping_around(Address address) noexcept {
  char buffer[os::kMappingBufferMin];
  Search search{address, {}};
  os::visit_mappings(buffer, sizeof buffer, search);
  return search.found;
}

/// pthread puts a thread's control block at the upper end of its stack, of stacks that the program
/// provides too. The main thread's is elsewhere, not in the stack pointer's mapping.
HAK_COLD StackRange find_range(Address stack_pointer) noexcept {
  const Address top = os::thread_pointer();
  StackRange range = mapping_around(stack_pointer);
  if (range.contains(top) && stack_pointer < top) {
    range.high = top;
    range.kept = true;
    own_stack = range;
  } else {
    borrowed_stack = range;
  }
  return range;
}

}  // namespace

StackRange stack_range_around(Address stack_pointer) noexcept {
  if (own_stack.contains(stack_pointer)) return own_stack;
  const Address main_top = os::main_stack_anchor();
  const StackRange main_stack{main_top - kMainStackSpan, main_top, true};
  if (main_top > kMainStackSpan && main_stack.contains(stack_pointer)) {
    own_stack = main_stack;
    return main_stack;
  }
  if (borrowed_stack.contains(stack_pointer)) return borrowed_stack;
  return find_range(stack_pointer);
}

}  // namespace hakmem
