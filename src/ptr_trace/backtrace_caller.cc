// backtrace.h for levels 0 to 3: the caller's pc, no unwinder, nothing to load.
#include "ptr_trace/backtrace.h"

namespace hakmem {

void warm_up_backtrace() noexcept {}
void backtrace_after_fork_in_child() noexcept {}

void capture_stack(StackMethod, std::uint32_t frames_max, Address caller,
                   StackTrace& out) noexcept {
  out.count = 0;
  if (caller != 0 && frames_max != 0) out.pcs[out.count++] = caller;
}

}  // namespace hakmem
