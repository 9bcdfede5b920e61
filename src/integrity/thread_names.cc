#include "integrity/thread_names.h"

#include "os/os_process.h"

namespace hakmem {

namespace {

void name_thread(std::uint32_t thread_id, char (&name)[kThreadNameMax]) noexcept {
  if (thread_id == 0 || name[0] != '\0') return;
  os::thread_name(static_cast<int>(thread_id), name, kThreadNameMax);
}

}  // namespace

void name_threads(Finding& finding) noexcept {
  for (FindingEvent* event : {&finding.detected, &finding.freed, &finding.allocated}) {
    if (event->known) name_thread(event->thread_id, event->thread_name);
  }
  for (std::uint32_t i = 0; i < finding.history.count; ++i) {
    FindingCallBefore& call = finding.history.calls[i];
    name_thread(call.thread_id, call.thread_name);
  }
}

void name_neighbours(Finding& finding) noexcept {
  for (FindingNeighbour* block : {&finding.before, &finding.behind}) {
    if (block->known) name_thread(block->thread_id, block->thread_name);
  }
}

}  // namespace hakmem
