// Runs every row with every allocator, alternating run by run, and keeps the raw samples.
// Called by bench_command. Invariant: a sample of a subject was measured with that subject's
// library in the process; a preload that the loader ignored is a failure, not a figure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/harness/rows.h"
#include "bench/harness/subjects.h"

namespace hakmem::bench {

struct Sample {
  double wall_ns;  // per operation; of the whole run for a program
  double cpu_ns;
  std::uint64_t peak_rss_kib;  // 0: unknown
};

/// All rounds of one row with one allocator. After a failure no further round is run.
struct Series {
  std::vector<Sample> samples;
  std::string failure;  // one sentence; empty when all rounds ran

  std::vector<double> wall() const;
  std::vector<double> cpu() const;
  std::vector<double> rss() const;  // known values only
};

struct RowResult {
  Row row;
  std::vector<Series> series;  // one per subject, in the subjects' order
};

/// `runs` rounds of A B C D A B C D …; progress on standard error. Rows that are unavailable come
/// back with empty series.
std::vector<RowResult> run_rows(const std::vector<Row>& rows, const std::vector<Subject>& subjects,
                                int runs);

}  // namespace hakmem::bench
