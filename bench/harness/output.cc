// See output.h. The JSON's shape is described in docs/BENCHMARKS.md.
#include "bench/harness/output.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hakmem::bench {
namespace {

constexpr int kJsonVersion = 1;
constexpr double kNsPerMs = 1e6;

std::string ratio_text(double value) {
  if (std::isnan(value)) return "-";
  return value < 10 ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}", value);
}

std::string time_text(double value) {
  if (std::isnan(value)) return "-";
  return value < 100 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
}

void append_row(std::string& text, const RowSummary& row, const std::vector<Subject>& subjects) {
  const bool program = !row.result->row.is_workload;
  const double scale = program ? kNsPerMs : 1;
  const std::string label = fmt::format("{} ({})", row.result->row.id, program ? "ms" : "ns/op");
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const RowFigures& f = row.figures[i];
    text += fmt::format("{:<30} {:<12} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7}\n",
                        i == 0 ? label : "", subjects[i].name, time_text(f.median_ns / scale),
                        time_text(f.min_ns / scale), time_text(f.max_ns / scale),
                        time_text((f.quartile_3_ns - f.quartile_1_ns) / scale),
                        ratio_text(f.ratio_pairwise), ratio_text(f.ratio_minima),
                        ratio_text(f.ratio_cpu), ratio_text(f.ratio_rss));
  }
}

void append_groups(std::string& text, const Summary& summary,
                   const std::vector<Subject>& subjects) {
  text += fmt::format(
      "\ngroups: geometric mean of the ratio to {} [of peak RSS]; ratio of minima, "
      "for programs median of pairwise ratios\n{:<44}",
      subjects[summary.base].name, "");
  for (const Subject& subject : subjects) text += fmt::format("{:>15}", subject.name);
  text += '\n';
  for (const GroupSummary& group : summary.groups) {
    text += fmt::format("{:<44}", group.group.title);
    for (const GroupFigures& figures : group.figures) {
      text += fmt::format("{:>15}", fmt::format("{} [{}]", ratio_text(figures.ratio),
                                                ratio_text(figures.ratio_rss)));
    }
    text += fmt::format("\n{:<44}", "  processor time");
    for (const GroupFigures& figures : group.figures) {
      text += fmt::format("{:>15}", ratio_text(figures.ratio_cpu));
    }
    text += '\n';
  }
}

void append_failures(std::string& text, const Summary& summary,
                     const std::vector<Subject>& subjects) {
  for (const RowSummary& row : summary.rows) {
    const RowResult& result = *row.result;
    if (!result.row.unavailable.empty()) {
      text += fmt::format("not run: {}: {}\n", result.row.id, result.row.unavailable);
    }
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      if (result.series[i].failure.empty()) continue;
      text += fmt::format("failed: {} with {}: {}\n", result.row.id, subjects[i].name,
                          result.series[i].failure);
    }
  }
}

nlohmann::json number_or_null(double value) {
  return std::isnan(value) ? nlohmann::json(nullptr) : nlohmann::json(value);
}

nlohmann::json series_json(const Series& series, const RowFigures& figures) {
  nlohmann::json samples = nlohmann::json::array();
  for (const Sample& sample : series.samples) {
    nlohmann::json one{{"wall_ns", sample.wall_ns}, {"cpu_ns", sample.cpu_ns}};
    one["peak_rss_kib"] =
        sample.peak_rss_kib == 0 ? nlohmann::json(nullptr) : nlohmann::json(sample.peak_rss_kib);
    samples.push_back(std::move(one));
  }
  return {{"samples", std::move(samples)},
          {"failure", series.failure},
          {"median_ns", number_or_null(figures.median_ns)},
          {"min_ns", number_or_null(figures.min_ns)},
          {"max_ns", number_or_null(figures.max_ns)},
          {"quartile_1_ns", number_or_null(figures.quartile_1_ns)},
          {"quartile_3_ns", number_or_null(figures.quartile_3_ns)},
          {"ratio_pairwise", number_or_null(figures.ratio_pairwise)},
          {"ratio_minima", number_or_null(figures.ratio_minima)},
          {"ratio_cpu", number_or_null(figures.ratio_cpu)},
          {"ratio_rss", number_or_null(figures.ratio_rss)},
          {"median_rss_kib", number_or_null(figures.median_rss_kib)}};
}

nlohmann::json machine_json() {
  utsname system{};
  uname(&system);
  std::string processor;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
      processor = line.substr(line.find(": ") + 2);
      break;
    }
  }
  return {{"processor", processor},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", system.release}};
}

}  // namespace

std::string text_report(const Summary& summary, const std::vector<Subject>& subjects, int runs) {
  std::string text =
      fmt::format("{} runs of each allocator, alternating; ratios to {}, below 1 is better\n\n",
                  runs, subjects[summary.base].name);
  text += fmt::format("{:<30} {:<12} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7}\n", "workload",
                      "allocator", "median", "min", "max", "IQR", "pairs", "minima", "cpu", "RSS");
  for (const RowSummary& row : summary.rows) {
    if (row.result->row.unavailable.empty()) append_row(text, row, subjects);
  }
  append_groups(text, summary, subjects);
  append_failures(text, summary, subjects);
  return text;
}

nlohmann::json json_report(const Summary& summary, const std::vector<Subject>& subjects, int runs) {
  nlohmann::json report{{"version", kJsonVersion},
                        {"machine", machine_json()},
                        {"runs", runs},
                        {"base", subjects[summary.base].name},
                        {"allocators", nlohmann::json::array()},
                        {"rows", nlohmann::json::array()},
                        {"groups", nlohmann::json::array()}};
  for (const Subject& subject : subjects) {
    report["allocators"].push_back({{"name", subject.name}, {"library", subject.library}});
  }
  for (const RowSummary& row : summary.rows) {
    const Row& what = row.result->row;
    nlohmann::json one{{"id", what.id},
                       {"group", what.group},
                       {"unit", what.is_workload ? "ns per operation" : "ns per run"},
                       {"unavailable", what.unavailable}};
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      one["allocators"][subjects[i].name] = series_json(row.result->series[i], row.figures[i]);
    }
    if (what.is_workload) one["command"] = what.command.argv;
    report["rows"].push_back(std::move(one));
  }
  for (const GroupSummary& group : summary.groups) {
    nlohmann::json one{{"name", group.group.name},
                       {"title", group.group.title},
                       {"basis", group.group.basis == Basis::kMinima ? "minima" : "pairwise"}};
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const GroupFigures& figures = group.figures[i];
      one["allocators"][subjects[i].name] = {{"ratio", number_or_null(figures.ratio)},
                                             {"ratio_cpu", number_or_null(figures.ratio_cpu)},
                                             {"ratio_rss", number_or_null(figures.ratio_rss)},
                                             {"rows_used", figures.rows_used}};
    }
    report["groups"].push_back(std::move(one));
  }
  return report;
}

}  // namespace hakmem::bench
