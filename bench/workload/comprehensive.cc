// comprehensive: every mode once with small counts, as a table for eyes. Also the table of modes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "bench/workload/mode.h"

namespace hakmem::bench {
namespace {

struct Row {
  std::string_view mode;
  std::vector<std::string> words;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {"pair", {"size=16", "ops=1000000"}},
      {"pair", {"size=1024", "live=64", "ops=1000000"}},
      {"pair", {"size=16384", "ops=200000", "threads=2"}},
      {"batch", {"size=64", "ops=1000000"}},
      {"batch", {"size=256", "order=lifo", "ops=1000000"}},
      {"mixed", {"iterations=300000"}},
      {"mixed", {"iterations=300000", "max=4096", "seed=271", "touch=all"}},
      {"mixed", {"iterations=150000", "threads=2"}},
      {"mid", {"iterations=50000"}},
      {"mid", {"iterations=20000", "threads=4", "touch=pages"}},
      {"large", {"iterations=1000"}},
      {"large", {"iterations=500", "threads=2"}},
      {"larson", {"replacements=2000", "lives=10"}},
      {"remote", {"ops=200000"}},
      {"remote", {"min=16", "max=1040", "ops=100000", "pairs=2"}},
      {"remote", {"min=16384", "max=16384", "ops=50000"}},
      {"bulk", {"order=lifo", "repeats=2"}},
      {"bulk", {"order=fifo", "repeats=2"}},
      {"bulk", {"order=random", "min=16", "max=256", "repeats=2"}},
      {"realloc", {"buffers=500"}},
      {"calloc", {"iterations=200000"}},
      {"sh8", {"ops=200000"}},
      {"sh8", {"ops=100000", "threads=4"}},
      {"cfrac", {"numbers=1"}},
      {"espresso", {"functions=2"}},
  };
  return kRows;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace

std::span<const std::span<const Mode>> all_families() {
  static const std::array kFamilies{pair_modes(), mixed_modes(),   larson_modes(), remote_modes(),
                                    bulk_modes(), realloc_modes(), sh8_modes(),
                                    cfrac_modes(), espresso_modes()};
  return kFamilies;
}

const Mode* find_mode(std::string_view name) {
  for (const std::span<const Mode> family : all_families()) {
    const auto found = std::find_if(family.begin(), family.end(),
                                    [&](const Mode& mode) { return mode.name == name; });
    if (found != family.end()) return &*found;
  }
  return nullptr;
}

int run_comprehensive() {
  std::printf("%-10s %-44s %9s %12s %12s %10s\n", "mode", "arguments", "ops", "wall ns/op",
              "cpu ns/op", "VmHWM kB");
  for (const Row& row : rows()) {
    const Mode* mode = find_mode(row.mode);
    if (mode == nullptr) return 1;
    const Measurement measured = mode->run(Arguments(mode->parameters, row.words));
    const auto ops = static_cast<double>(measured.ops);
    std::printf("%-10s %-44s %9llu %12.1f %12.1f %10llu\n", std::string(mode->name).c_str(),
                join(row.words).c_str(), static_cast<unsigned long long>(measured.ops),
                measured.wall_ns / ops, measured.cpu_ns / ops,
                static_cast<unsigned long long>(peak_rss_kib()));
    std::fflush(stdout);
  }
  std::printf("VmHWM is the peak of all modes up to that line.\n");
  return 0;
}

}  // namespace hakmem::bench
