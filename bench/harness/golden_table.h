// ci/golden/fast_path.txt: expected instructions per operation and level. Called by
// fast_path_counts and the tests. Invariant: a row, level or key that one side has and the other
// has not is a difference; nothing is compared with nothing.
#pragma once

#include <string>
#include <vector>

namespace hakmem::bench {

struct GoldenRow {
  std::string operation;
  std::vector<double> counts;    // by level, from 0
  double tolerance_percent = 0;  // 0: exact
};

struct GoldenTable {
  std::string key;  // what the counts depend on besides the source: compiler and build type
  std::vector<std::string> columns;  // of counts; in a file always level-0, level-1, …
  std::vector<GoldenRow> rows;
};

/// Throws std::runtime_error with the line's number on a malformed table.
GoldenTable parse_golden(const std::string& text);
std::string format_golden(const GoldenTable& table);

/// One line per difference beyond the tolerance of `expected`; empty when equal. Keys are not
/// compared.
std::vector<std::string> compare_golden(const GoldenTable& expected, const GoldenTable& measured);

}  // namespace hakmem::bench
