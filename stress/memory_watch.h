// Ends a test that is about to take the machine's memory, and names what it was doing.
// Included by size_matrix.cc. Invariant: the handler calls only what a signal handler may call, and
// nothing that allocates.
#pragma once

#include "check.h"

#include <fcntl.h>
#include <sys/time.h>

namespace hakmem::stress::memory_watch {

inline constexpr std::size_t kResidentMaxBytes = std::size_t{6} << 30;
inline const char* now_entry = "";  // what is being allocated: name and bytes
inline std::size_t now_bytes = 0;

/// Runs every 50 ms of processor time: an allocator that writes to all of a block of terabytes, or
/// copies it, would take the machine's memory. Only calls what a signal handler may call.
inline void on_timer(int) noexcept {
  const int error = errno;
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[128] = {};
  const ssize_t got = file >= 0 ? read(file, text, sizeof text - 1) : -1;
  if (file >= 0) close(file);
  const char* resident = got > 0 ? std::strchr(text, ' ') : nullptr;
  std::size_t pages = 0;
  for (; resident != nullptr && resident[1] >= '0' && resident[1] <= '9'; ++resident) {
    pages = pages * 10 + static_cast<std::size_t>(resident[1] - '0');
  }
  if (pages * 4096 > kResidentMaxBytes) {
    die("FAIL %s(%zu): more than %zu MiB resident", now_entry, now_bytes, kResidentMaxBytes >> 20);
  }
  errno = error;
}

/// From here on the program ends as failed when it has more than kResidentMaxBytes in memory.
inline void start() {
  struct sigaction action = {};
  action.sa_handler = on_timer;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);
  const itimerval every = {{0, 50000}, {0, 50000}};
  setitimer(ITIMER_PROF, &every, nullptr);
}

}  // namespace hakmem::stress::memory_watch
