// One child process, timed: wall time, processor time, peak memory, what it printed.
// Called by the runner and by fast_path_counts. Invariant: every run ends: a time limit kills it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hakmem::bench {

struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no '/'
  std::string stdin_text;
};

/// The caller's environment with some variables taken out and some set.
struct EnvironmentChange {
  std::vector<std::string> set;    // "NAME=value"
  std::vector<std::string> unset;  // "NAME"
};

struct Outcome {
  std::string failure;  // empty when the process exited with 0; otherwise one sentence
  double wall_ns = 0;
  double cpu_ns = 0;
  /// Peak RSS in KiB of the process or its largest child; 0 when unknown: the kernel carries the
  /// caller's own peak over the exec, so a smaller child cannot be told from it.
  std::uint64_t peak_rss_kib = 0;
  std::string out;
  std::string err;
};

Outcome run_process(const Command& command, const EnvironmentChange& change, int timeout_s);

}  // namespace hakmem::bench
