// See golden_table.h.
#include "bench/harness/golden_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace hakmem::bench {
namespace {

constexpr const char* kHeading =
    "# Instructions per operation executed inside the library, counted by callgrind, per level.\n"
    "# Compared by the test fast_path_golden; rewritten by `fast_path_counts --update`.\n"
    "# The last column is the tolerance in percent, or `exact`. Level 3 always has 1 percent, as\n"
    "# canaries hold a secret of the process, and level 4 has 3, as where a stack is remembered\n"
    "# depends on its address.\n";
// Counts are fractions of powers of two and are written with two digits.
constexpr double kRounding = 0.0051;
// Least tolerance, percent, by level.
constexpr double kLeastTolerance[] = {0, 0, 0, 1, 3};

const GoldenRow* find_row(const GoldenTable& table, const std::string& operation) {
  const auto found = std::find_if(table.rows.begin(), table.rows.end(),
                                  [&](const GoldenRow& row) { return row.operation == operation; });
  return found == table.rows.end() ? nullptr : &*found;
}

GoldenRow parse_row(const std::string& line) {
  std::istringstream words(line);
  GoldenRow row;
  words >> row.operation;
  std::vector<std::string> cells;
  for (std::string cell; words >> cell;) cells.push_back(cell);
  if (cells.size() < 2) throw std::invalid_argument("too few columns");
  for (std::size_t i = 0; i + 1 < cells.size(); ++i) row.counts.push_back(std::stod(cells[i]));
  if (cells.back() != "exact") row.tolerance_percent = std::stod(cells.back());
  return row;
}

void compare_row(const GoldenRow& expected, const GoldenRow& measured,
                 std::vector<std::string>& differences) {
  if (expected.counts.size() != measured.counts.size()) {
    differences.push_back(fmt::format("{}: {} levels in the table, {} measured", expected.operation,
                                      expected.counts.size(), measured.counts.size()));
    return;
  }
  for (std::size_t level = 0; level < expected.counts.size(); ++level) {
    const double was = expected.counts[level];
    const double is = measured.counts[level];
    const double least = level < std::size(kLeastTolerance) ? kLeastTolerance[level] : 0;
    const double percent = std::max(expected.tolerance_percent, least);
    const double allowed = was * percent / 100 + kRounding;
    if (std::abs(is - was) <= allowed) continue;
    differences.push_back(fmt::format("{} level {}: {:.2f} in the table, {:.2f} measured ({:+.2f})",
                                      expected.operation, level, was, is, is - was));
  }
}

}  // namespace

GoldenTable parse_golden(const std::string& text) {
  GoldenTable table;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line.rfind("key: ", 0) == 0) {
      table.key = line.substr(5);
      continue;
    }
    try {
      table.rows.push_back(parse_row(line));
    } catch (const std::logic_error&) {  // too few columns, or stod's complaint
      throw std::runtime_error(fmt::format("golden table, line {}: '{}'", number, line));
    }
  }
  if (table.key.empty() || table.rows.empty()) {
    throw std::runtime_error("golden table: no key or no row");
  }
  for (std::size_t level = 0; level < table.rows.front().counts.size(); ++level) {
    table.columns.push_back(fmt::format("level-{}", level));
  }
  return table;
}

std::string format_golden(const GoldenTable& table) {
  std::string text = fmt::format("{}key: {}\n", kHeading, table.key);
  text += fmt::format("{:<18}", "# operation");
  for (const std::string& column : table.columns) text += fmt::format("{:>11}", column);
  text += fmt::format("{:>11}\n", "tolerance");
  for (const GoldenRow& row : table.rows) {
    text += fmt::format("{:<18}", row.operation);
    for (const double count : row.counts) text += fmt::format("{:>11.2f}", count);
    text += fmt::format("{:>11}\n", row.tolerance_percent == 0
                                        ? "exact"
                                        : fmt::format("{}", row.tolerance_percent));
  }
  return text;
}

std::vector<std::string> compare_golden(const GoldenTable& expected, const GoldenTable& measured) {
  std::vector<std::string> differences;
  for (const GoldenRow& row : expected.rows) {
    const GoldenRow* other = find_row(measured, row.operation);
    if (other == nullptr) {
      differences.push_back(row.operation + ": in the table, not measured");
    } else {
      compare_row(row, *other, differences);
    }
  }
  for (const GoldenRow& row : measured.rows) {
    if (find_row(expected, row.operation) == nullptr) {
      differences.push_back(row.operation + ": measured, not in the table");
    }
  }
  return differences;
}

}  // namespace hakmem::bench
