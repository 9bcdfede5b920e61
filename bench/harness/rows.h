// The benchmark's rows: which workload with which arguments, in which group.
// Called by bench_command. Invariant: one row is one command line; its figures are comparable
// between allocators and between runs of this version, since all counts are fixed here.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/process.h"

namespace hakmem::bench {

/// How a group's rows are compared with the base.
enum class Basis {
  kMinima,    // least time over least time: short loops
  kPairwise,  // median of per-round ratios: programs
};

struct Group {
  std::string name;  // as given to --group
  std::string title;
  Basis basis;
};

struct Row {
  std::string id;
  std::string group;
  Command command;
  bool is_workload;         // prints the workload binary's JSON line; otherwise timed from outside
  std::string unavailable;  // why it cannot run here, a sentence; empty when it can
};

const std::vector<Group>& groups();

/// Every row, in group order. `quick` divides the counts and keeps a few rows of each group.
std::vector<Row> make_rows(const std::string& workload_binary, bool quick);

/// The rows that are whole programs of the system.
std::vector<Row> make_program_rows(bool quick);

}  // namespace hakmem::bench
