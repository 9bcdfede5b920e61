// See runner.h.
#include "bench/harness/runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace hakmem::bench {
namespace {

constexpr int kRunLimitS = 120;

/// On a terminal one line that rewrites itself; otherwise one line per row.
class Progress {
 public:
  explicit Progress(std::size_t total) : total_(total), on_terminal_(isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (on_terminal_) fmt::print(stderr, "\r\033[K");
  }

  void row(const std::string& id) {
    if (!on_terminal_) fmt::print(stderr, "[{:3}%] {}\n", percent(), id);
  }
  void run(const std::string& id, const std::string& subject, int round, int rounds) {
    if (on_terminal_) {
      fmt::print(stderr, "\r\033[K[{:3}%] {} round {}/{} {}", percent(), id, round, rounds,
                 subject);
      std::fflush(stderr);
    }
    ++done_;
  }

 private:
  std::size_t percent() const { return total_ == 0 ? 100 : done_ * 100 / total_; }

  std::size_t total_;
  std::size_t done_ = 0;
  bool on_terminal_;
};

EnvironmentChange environment_for(const Subject& subject) {
  // Interpreters take their memory from malloc and lay out their hashes alike in every run. The
  // level is that of the library; a level from outside would be refused by it.
  EnvironmentChange change{{"PYTHONMALLOC=malloc", "PYTHONHASHSEED=0", "PERL_HASH_SEED=0"},
                           {"LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL"}};
  if (!subject.library.empty()) change.set.push_back("LD_PRELOAD=" + subject.library);
  change.set.insert(change.set.end(), subject.settings.begin(), subject.settings.end());
  return change;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error);
}

/// Reads the workload binary's line; "" or the reason why it is no measurement of `subject`.
std::string parse_line(const std::string& text, const Subject& subject, Sample& sample) {
  const auto line = nlohmann::json::parse(text, nullptr, false);
  if (line.is_discarded()) return "the workload printed no JSON line";
  sample = {line.value("wall_ns_per_op", 0.0), line.value("cpu_ns_per_op", 0.0),
            line.value("vm_hwm_kib", std::uint64_t{0})};
  const std::string allocator = line.value("allocator", "");
  if (!subject.library.empty() && !same_file(allocator, subject.library)) {
    return fmt::format("malloc came from {} instead of {}", allocator, subject.library);
  }
  return sample.wall_ns > 0 ? "" : "the workload measured no time";
}

void run_once(const Row& row, const Subject& subject, Series& series) {
  Command command = row.command;
  command.argv.insert(command.argv.begin(), subject.wrapper.begin(), subject.wrapper.end());
  const Outcome outcome = run_process(command, environment_for(subject), kRunLimitS);
  series.failure = outcome.failure;
  if (!series.failure.empty()) return;
  Sample sample{outcome.wall_ns, outcome.cpu_ns, outcome.peak_rss_kib};
  if (row.is_workload) series.failure = parse_line(outcome.out, subject, sample);
  if (series.failure.empty()) series.samples.push_back(sample);
}

}  // namespace

std::vector<double> Series::wall() const {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.wall_ns);
  return values;
}

std::vector<double> Series::cpu() const {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.cpu_ns);
  return values;
}

std::vector<double> Series::rss() const {
  std::vector<double> values;
  for (const Sample& sample : samples) {
    if (sample.peak_rss_kib != 0) values.push_back(static_cast<double>(sample.peak_rss_kib));
  }
  return values;
}

std::vector<RowResult> run_rows(const std::vector<Row>& rows, const std::vector<Subject>& subjects,
                                int runs) {
  Progress progress(rows.size() * subjects.size() * static_cast<std::size_t>(runs));
  std::vector<RowResult> results;
  for (const Row& row : rows) {
    RowResult result{row, std::vector<Series>(subjects.size())};
    progress.row(row.id);
    for (int round = 1; round <= runs; ++round) {
      for (std::size_t i = 0; i < subjects.size(); ++i) {
        progress.run(row.id, subjects[i].name, round, runs);
        if (!row.unavailable.empty() || !result.series[i].failure.empty()) continue;
        if (subjects[i].once && round > 1) continue;
        run_once(row, subjects[i], result.series[i]);
      }
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace hakmem::bench
