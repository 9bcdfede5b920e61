#include "api/page_mode_start.h"

#include <pthread.h>

#include "gate/guard_report.h"
#include "os/os_guard.h"
#include "ptr_trace/own_image.h"
#include "ptr_trace/signal_relay.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

[[noreturn]] void refuse(const char* what) noexcept {
  note_line(what);
  os::exit_now(exit_code::kBadOption);
}

PageLimits limits_from(const Options& options) noexcept {
  PageLimits limits;
  if (!parse_page_side(options.page.bytes, limits.side)) {
    refuse("option 'page' must be off, after or before");
  }
  if (options.page_align != kAutomaticAlign && !is_power_of_two(options.page_align)) {
    refuse("option 'page_align' must be 0 or a power of two");
  }
  limits.least_align = options.page_align;
  limits.space_bytes = options.page_space_mib * kMiB;
  // A limit on address space is for the program to use up, not for us.
  constexpr std::size_t kScarceSpaceBytes = 16 * kMiB;
  if (process_domain.slabs.space.scarce() && limits.space_bytes > kScarceSpaceBytes) {
    limits.space_bytes = kScarceSpaceBytes;
  }
  limits.blocks_max = PageLimits::blocks_for(os::mappings_max());
  return limits;
}

bool claims(Address address) noexcept { return is_guard_hit(process_domain, address); }

void report(const MemoryFault& fault) noexcept {
  report_guard_hit(process_domain, fault, own_image().contains(fault.pc));
}

void before_fork() { signal_relay_lock_for_fork().lock(); }
void after_fork() { signal_relay_lock_for_fork().unlock(); }

}  // namespace

void start_page_mode(const Options& options) noexcept {
  const PageLimits limits = limits_from(options);
  const bool wanted = kBuildChecks.has(Check::kPageMode) && limits.side != PageSide::Off;
  const bool on = wanted && process_domain.pages.enable(limits);
  const bool closes_large = process_domain.checks.resting_large.blocks != 0;
  if (!on && !closes_large) return;
  pthread_atfork(before_fork, after_fork, after_fork);
  start_signal_relay();
  watch_faults({claims, report, relay_to_program});
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
