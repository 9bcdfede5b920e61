// Clocks, peak memory and the frame that starts threads together.
// Called by every mode. Invariant: only Job::run is between the two clock readings; preparing and
// clearing up are not timed.
#pragma once

#include <cstdint>

namespace hakmem::bench {

/// What one mode measured. `ops` counts all threads together.
struct Measurement {
  std::uint64_t ops = 0;
  double wall_ns = 0;  // elapsed time
  double cpu_ns = 0;   // processor time of the whole process
};

class Stopwatch {
 public:
  Stopwatch();
  Measurement stop(std::uint64_t ops) const;

 private:
  double wall_start_ns_;
  double cpu_start_ns_;
};

/// One workload split over threads 0 … n-1, each in three phases.
class Job {
 public:
  virtual ~Job() = default;
  virtual void prepare(unsigned thread) { static_cast<void>(thread); }
  virtual void run(unsigned thread) = 0;
  virtual void finish(unsigned thread) { static_cast<void>(thread); }
};

/// Runs `job` on `threads` threads; all prepare, then all run, then all finish. One thread means
/// the main thread itself: several allocators have a cheaper path while a process is
/// single-threaded, and starting a thread would take it away.
Measurement run_job(Job& job, unsigned threads, std::uint64_t ops);

/// Starts a thread or ends the process; `body(argument)`.
unsigned long start_thread(void* (*body)(void*), void* argument);
void join_thread(unsigned long thread);

/// VmHWM of this process in KiB, 0 when /proc is not mounted. Does not allocate.
std::uint64_t peak_rss_kib();

}  // namespace hakmem::bench
