#include "integrity/thread_names.h"

#include "os/os_process.h"

namespace hakmem {

void name_thread(FindingEvent& event) noexcept {
  if (!event.known || event.thread_id == 0 || event.thread_name[0] != '\0') return;
  os::thread_name(static_cast<int>(event.thread_id), event.thread_name, kThreadNameMax);
}

void name_thread(FindingCallBefore& call) noexcept {
  if (call.thread_id == 0 || call.thread_name[0] != '\0') return;
  os::thread_name(static_cast<int>(call.thread_id), call.thread_name, kThreadNameMax);
}

}  // namespace hakmem
