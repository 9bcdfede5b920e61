// Clocks, threads and /proc/self/status; see measure.h.
#include "bench/workload/measure.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "bench/workload/block.h"

namespace hakmem::bench {
namespace {

double read_clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

struct Crew {
  Job* job;
  pthread_barrier_t line;  // passed by every thread and main: ready, start, done
};

struct Member {
  Crew* crew;
  unsigned index;
  unsigned long thread;
};

void* member_main(void* argument) {
  const Member& member = *static_cast<Member*>(argument);
  Crew& crew = *member.crew;
  crew.job->prepare(member.index);
  pthread_barrier_wait(&crew.line);
  pthread_barrier_wait(&crew.line);
  crew.job->run(member.index);
  pthread_barrier_wait(&crew.line);
  crew.job->finish(member.index);
  return nullptr;
}

}  // namespace

Stopwatch::Stopwatch()
    : wall_start_ns_(read_clock_ns(CLOCK_MONOTONIC)),
      cpu_start_ns_(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID)) {}

Measurement Stopwatch::stop(std::uint64_t ops) const {
  const double cpu_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns_;
  return {ops, read_clock_ns(CLOCK_MONOTONIC) - wall_start_ns_, cpu_ns};
}

Measurement run_job(Job& job, unsigned threads, std::uint64_t ops) {
  if (threads == 1) {
    job.prepare(0);
    const Stopwatch watch;
    job.run(0);
    const Measurement measured = watch.stop(ops);
    job.finish(0);
    return measured;
  }
  PageArray<Member> members(threads);
  Crew crew{&job, {}};
  pthread_barrier_init(&crew.line, nullptr, threads + 1);
  for (unsigned i = 0; i < threads; ++i) {
    members[i] = {&crew, i, 0};
    members[i].thread = start_thread(member_main, &members[i]);
  }
  pthread_barrier_wait(&crew.line);
  const Stopwatch watch;
  pthread_barrier_wait(&crew.line);
  pthread_barrier_wait(&crew.line);
  const Measurement measured = watch.stop(ops);
  for (const Member& member : members) join_thread(member.thread);
  pthread_barrier_destroy(&crew.line);
  return measured;
}

unsigned long start_thread(void* (*body)(void*), void* argument) {
  pthread_t thread{};
  const int error = pthread_create(&thread, nullptr, body, argument);
  if (error != 0) {
    std::fprintf(stderr, "hakmem_workload: cannot start a thread: %s\n", std::strerror(error));
    std::_Exit(1);
  }
  return thread;
}

void join_thread(unsigned long thread) { pthread_join(thread, nullptr); }

std::uint64_t peak_rss_kib() {
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[8192];
  const ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return 0;
  text[got] = '\0';
  const char* line = std::strstr(text, "VmHWM:");
  return line == nullptr ? 0 : std::strtoull(line + std::strlen("VmHWM:"), nullptr, 10);
}

}  // namespace hakmem::bench
