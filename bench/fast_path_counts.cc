// fast_path_counts: instructions per operation at every level, beside the golden table.
//   (no action)          measure and print
//   --check FILE         compare with the table; 1 and a diff when they differ
//   --update FILE        write the table
//   --limit OP=N         fail when the first library needs more than N instructions for OP
// Called by ctest and by hand. Exit 0 equal, 1 different, 64 bad option, 77 SKIPPED (no valgrind,
// or a table made with another compiler or build type), 125 could not measure.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/harness/callgrind.h"
#include "bench/harness/golden_table.h"

namespace hakmem::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kExitDifferent = 1;
constexpr int kExitBadOption = 64;
constexpr int kExitSkipped = 77;
constexpr int kExitFailed = 125;
// Of a row that a table sees for the first time: the mixed load takes slow paths whose number
// depends on where the system maps memory; the pairs never leave the fast path.
constexpr double kMixedTolerancePercent = 2;

struct Options {
  std::string program;
  std::vector<std::string> libraries;
  std::string key = "unknown";
  std::string check_file;
  std::string update_file;
  std::string limit;
  bool with_glibc = false;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int skipped(const std::string& reason) {
  fmt::print("SKIPPED: {}\n", reason);
  return kExitSkipped;
}

bool valgrind_is_installed() {
  const char* path = std::getenv("PATH");
  std::istringstream dirs(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string dir; std::getline(dirs, dir, ':');) {
    if (access((dir + "/valgrind").c_str(), X_OK) == 0) return true;
  }
  return false;
}

GoldenTable measure(const Options& options) {
  GoldenTable table{options.key, {}, {}};
  const std::string program = fs::canonical(options.program).string();
  std::vector<std::string> libraries;
  for (const std::string& library : options.libraries) {
    table.columns.push_back(fmt::format("level-{}", libraries.size()));
    libraries.push_back(fs::canonical(library).string());
  }
  if (options.with_glibc) {
    libraries.emplace_back();
    table.columns.emplace_back("glibc");
  }
  for (const std::string& library : libraries) {
    const std::vector<OperationCount> counts = count_instructions(program, library);
    if (table.rows.empty()) {
      for (const OperationCount& count : counts) {
        const bool mixed = count.operation.rfind("mixed", 0) == 0;
        table.rows.push_back({count.operation, {}, mixed ? kMixedTolerancePercent : 0});
      }
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      table.rows[i].counts.push_back(counts[i].instructions);
    }
  }
  return table;
}

int check(const Options& options) {
  const GoldenTable expected = parse_golden(read_file(options.check_file));
  if (expected.key != options.key) {
    return skipped(
        fmt::format("the table was made with {}, this build is {}", expected.key, options.key));
  }
  const GoldenTable measured = measure(options);
  const std::vector<std::string> differences = compare_golden(expected, measured);
  for (const std::string& difference : differences) fmt::print("{}\n", difference);
  if (differences.empty()) {
    fmt::print("{} operations as in {}\n", measured.rows.size(), options.check_file);
    return 0;
  }
  fmt::print(
      "\nmeasured:\n{}\nIf the change is meant: fast_path_counts --update, commit the table "
      "and say why.\n",
      format_golden(measured));
  return kExitDifferent;
}

/// Writes the table; a row that was there keeps its tolerance.
int update(const Options& options) {
  GoldenTable measured = measure(options);
  std::error_code error;
  if (fs::exists(options.update_file, error)) {
    const GoldenTable old = parse_golden(read_file(options.update_file));
    for (GoldenRow& row : measured.rows) {
      for (const GoldenRow& before : old.rows) {
        if (before.operation == row.operation) row.tolerance_percent = before.tolerance_percent;
      }
    }
  }
  std::ofstream out(options.update_file);
  out << format_golden(measured);
  out.close();
  if (!out) throw std::runtime_error("cannot write " + options.update_file);
  fmt::print("{}", format_golden(measured));
  return 0;
}

int limit(const Options& options) {
  const std::size_t equals = options.limit.find('=');
  if (equals == std::string::npos) {
    fmt::print(stderr, "fast_path_counts: --limit takes OPERATION=COUNT\n");
    return kExitBadOption;
  }
  const std::string operation = options.limit.substr(0, equals);
  const double most = std::stod(options.limit.substr(equals + 1));
  const GoldenTable measured = measure(options);
  for (const GoldenRow& row : measured.rows) {
    if (row.operation != operation) continue;
    const bool within = row.counts.front() <= most;
    fmt::print("{}: {:.2f} instructions, limit {}: {}\n", operation, row.counts.front(), most,
               within ? "within" : "ABOVE");
    return within ? 0 : kExitDifferent;
  }
  fmt::print(stderr, "fast_path_counts: no operation {}\n", operation);
  return kExitBadOption;
}

int run(const Options& options) {
  if (!valgrind_is_installed())
    return skipped("valgrind is not installed (Debian package valgrind)");
  if (!options.check_file.empty()) return check(options);
  if (!options.update_file.empty()) return update(options);
  if (!options.limit.empty()) return limit(options);
  fmt::print("{}", format_golden(measure(options)));
  return 0;
}

}  // namespace
}  // namespace hakmem::bench

int main(int argc, char** argv) {
  using namespace hakmem::bench;
  Options options;
  CLI::App app("Instructions of the fast paths, counted by callgrind", "fast_path_counts");
  app.add_option("--program", options.program, "the fast_path_program binary")->required();
  app.add_option("--library", options.libraries, "libraries to measure, by level from 0")
      ->delimiter(',');
  app.add_option("--key", options.key, "compiler and build type of the libraries");
  CLI::Option* glibc_option =
      app.add_flag("--glibc", options.with_glibc, "one more column: the C library's malloc");
  CLI::Option* check_option = app.add_option("--check", options.check_file, "table to compare with")
                                  ->excludes(glibc_option);
  CLI::Option* update_option =
      app.add_option("--update", options.update_file, "table to write")->excludes(glibc_option);
  app.add_option("--limit", options.limit, "OPERATION=COUNT")
      ->excludes(check_option)
      ->excludes(update_option);
  check_option->excludes(update_option);
  try {
    app.parse(argc, argv);
    if (options.libraries.empty() && !options.with_glibc) {
      throw CLI::ValidationError("--library or --glibc is needed");
    }
    return run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitBadOption;
  } catch (const std::exception& error) {
    fmt::print(stderr, "fast_path_counts: {}\n", error.what());
    return kExitFailed;
  }
}
