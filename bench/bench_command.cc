// Options of `hakmem bench`, and the order of work: choose, run, summarise, print.
#include "bench/bench_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/harness/output.h"
#include "bench/harness/rows.h"
#include "bench/harness/runner.h"
#include "bench/harness/subjects.h"
#include "bench/harness/summary.h"

namespace hakmem::bench {
namespace {

constexpr int kRunsDefault = 7;
constexpr int kRunsQuick = 3;
constexpr int kRunsMax = 1000;

struct Options {
  std::vector<std::string> against;
  std::vector<std::string> subjects{"0"};
  std::vector<std::string> groups;
  int runs = 0;  // 0: kRunsDefault, or kRunsQuick with --quick
  bool quick = false;
  bool checkers = false;
  std::string json_file;
};

void declare_options(CLI::App& app, Options& options) {
  app.add_option("--against", options.against,
                 "allocators to compare with: " + fmt::format("{}", fmt::join(peer_names(), ",")) +
                     "; default: all that are installed")
      ->delimiter(',');
  app.add_option("--subject", options.subjects,
                 "what is measured: level 0-4 or the path of a library; default 0")
      ->delimiter(',');
  app.add_option("--group", options.groups, "only these groups, see docs/BENCHMARKS.md")
      ->delimiter(',');
  app.add_option("--runs", options.runs, "runs of each allocator for each workload; default 7")
      ->check(CLI::Range(1, kRunsMax));
  app.add_flag("--checkers", options.checkers,
               "also tcmalloc's debug library, AddressSanitizer's runtime and memcheck (one run)");
  app.add_flag("--quick", options.quick, "few workloads, small counts, 3 runs: below a minute");
  app.add_option("--json", options.json_file, "write raw samples and summary to this file");
}

std::vector<Subject> choose_subjects(const Options& options, const std::string& tool_dir) {
  std::vector<Subject> subjects;
  const auto add = [&](Subject subject) {
    const bool known = std::any_of(subjects.begin(), subjects.end(),
                                   [&](const Subject& one) { return one.name == subject.name; });
    if (!known) subjects.push_back(std::move(subject));
  };
  for (const std::string& text : options.subjects) add(find_subject(text, tool_dir));
  const bool asked = !options.against.empty();
  for (const std::string& name : asked ? options.against : peer_names()) {
    std::string missing_package;
    std::optional<Subject> peer = find_peer(name, missing_package);
    if (peer.has_value()) {
      add(*std::move(peer));
    } else if (asked) {
      throw BenchError(
          kExitBenchFailed,
          fmt::format("{} is not installed; install the Debian package {}", name, missing_package));
    } else {
      fmt::print(stderr, "hakmem bench: without {} (Debian package {} is not installed)\n", name,
                 missing_package);
    }
  }
  if (!options.checkers) return subjects;
  for (Checker& checker : find_checkers()) {
    if (checker.subject.has_value()) {
      add(*std::move(checker.subject));
    } else {
      fmt::print("SKIPPED {}: Debian package {} is not installed\n", checker.name,
                 checker.package);
    }
  }
  return subjects;
}

/// The C library when it takes part, else the first peer, else the subject itself.
std::size_t choose_base(const std::vector<Subject>& subjects) {
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    if (subjects[i].name == "glibc") return i;
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    if (!subjects[i].is_ours) return i;
  }
  return 0;
}

std::vector<Row> choose_rows(const Options& options, const std::string& tool_dir) {
  std::vector<std::string> names;
  for (const Group& group : groups()) names.push_back(group.name);
  for (const std::string& asked : options.groups) {
    if (std::find(names.begin(), names.end(), asked) == names.end()) {
      throw BenchError(kExitBadOption,
                       fmt::format("unknown group '{}'; known: {}", asked, fmt::join(names, ", ")));
    }
  }
  std::vector<Row> rows = make_rows(find_workload_binary(tool_dir), options.quick);
  if (!options.groups.empty()) {
    std::erase_if(rows, [&](const Row& row) {
      return std::find(options.groups.begin(), options.groups.end(), row.group) ==
             options.groups.end();
    });
  }
  return rows;
}

void write_json(const std::string& file, const nlohmann::json& report) {
  std::ofstream out(file);
  out << report.dump(2) << '\n';
  out.close();
  if (!out) throw BenchError(kExitBenchFailed, fmt::format("cannot write {}", file));
}

bool subject_failed(const std::vector<RowResult>& results, const std::vector<Subject>& subjects) {
  for (const RowResult& result : results) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      if (subjects[i].is_ours && !result.series[i].failure.empty()) return true;
    }
  }
  return false;
}

int run_bench(const Options& options, const std::string& tool_dir) {
  const std::vector<Subject> subjects = choose_subjects(options, tool_dir);
  const std::vector<Row> rows = choose_rows(options, tool_dir);
  const int runs = options.runs != 0 ? options.runs : (options.quick ? kRunsQuick : kRunsDefault);
  const std::vector<RowResult> results = run_rows(rows, subjects, runs);
  const Summary summary = summarize(results, subjects.size(), choose_base(subjects));
  fmt::print("{}", text_report(summary, subjects, runs));
  std::fflush(stdout);
  if (!options.json_file.empty()) {
    write_json(options.json_file, json_report(summary, subjects, runs));
  }
  return subject_failed(results, subjects) ? kExitBenchFailed : 0;
}

}  // namespace
}  // namespace hakmem::bench

int hakmem_bench_main(const std::vector<std::string>& args, const std::string& tool_dir) {
  using namespace hakmem::bench;
  CLI::App app("HAKMEM beside other allocators on the same work", "hakmem bench");
  Options options;
  declare_options(app, options);
  std::vector<std::string> reversed(args.rbegin(), args.rend());  // what CLI11 takes
  try {
    app.parse(reversed);
    return run_bench(options, tool_dir);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitBadOption;
  } catch (const BenchError& error) {
    fmt::print(stderr, "hakmem bench: {}\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "hakmem bench: {}\n", error.what());
    return kExitBenchFailed;
  }
}
