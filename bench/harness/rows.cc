// The table of workload rows; see rows.h and docs/BENCHMARKS.md.
#include "bench/harness/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace hakmem::bench {
namespace {

constexpr std::uint64_t kQuickDivisor = 4;

struct Spec {
  std::string_view group;
  std::string_view id;
  std::string_view mode_and_words;  // separated by blanks
  std::string_view count_key;
  std::uint64_t count;  // about 0.05-0.2 s with the C library's malloc
  bool in_quick;
};

constexpr std::array kSpecs{
    Spec{"tiny", "pair-16", "pair size=16", "ops", 10'000'000, true},
    Spec{"tiny", "pair-64-live", "pair size=64 live=64", "ops", 10'000'000, false},
    Spec{"tiny", "pair-256", "pair size=256", "ops", 10'000'000, false},
    Spec{"tiny", "pair-1024-live", "pair size=1024 live=64", "ops", 10'000'000, true},
    Spec{"tiny", "batch-16", "batch size=16", "ops", 4'000'000, true},
    Spec{"tiny", "batch-64", "batch size=64", "ops", 4'000'000, false},
    Spec{"tiny", "batch-256", "batch size=256", "ops", 4'000'000, false},
    Spec{"tiny", "batch-1024", "batch size=1024", "ops", 4'000'000, true},
    Spec{"mixed", "mixed-1040", "mixed max=1040", "iterations", 4'000'000, true},
    Spec{"mixed", "mixed-2048", "mixed max=2048", "iterations", 4'000'000, true},
    Spec{"mixed-2t", "mixed-1040-2t", "mixed max=1040 threads=2", "iterations", 2'000'000, true},
    Spec{"mixed-2t", "mixed-2048-2t", "mixed max=2048 threads=2", "iterations", 2'000'000, true},
    Spec{"mid", "mid-random", "mid", "iterations", 600'000, true},
    Spec{"mid", "mid-random-2t", "mid threads=2", "iterations", 300'000, true},
    Spec{"mid", "mid-random-pages", "mid touch=pages", "iterations", 200'000, false},
    Spec{"mid", "mid-random-pages-2t", "mid touch=pages threads=2", "iterations", 100'000, false},
    Spec{"mid", "pair-8k", "pair size=8192", "ops", 2'000'000, true},
    Spec{"mid", "pair-32k", "pair size=32768", "ops", 2'000'000, false},
    Spec{"mid", "pair-16k-2t", "pair size=16384 threads=2", "ops", 1'000'000, false},
    Spec{"large", "large-random-pages", "large", "iterations", 10'000, true},
    Spec{"large", "large-random-pages-2t", "large threads=2", "iterations", 5'000, true},
    Spec{"large", "large-one-live-pages", "large live=1", "iterations", 20'000, false},
    Spec{"large", "large-to-1m", "large max=1048576 live=64 touch=stamp", "iterations", 100'000,
         true},
    Spec{"large", "pair-64k", "pair size=65536", "ops", 2'000'000, false},
    Spec{"large", "pair-1m", "pair size=1048576", "ops", 1'000'000, true},
    Spec{"large", "pair-4m", "pair size=4194304", "ops", 200'000, false},
    Spec{"remote", "remote-64", "remote min=64 max=64", "ops", 2'000'000, true},
    Spec{"remote", "remote-1040", "remote min=16 max=1040", "ops", 1'000'000, true},
    Spec{"remote", "remote-16k", "remote min=16384 max=16384", "ops", 150'000, true},
    Spec{"realloc", "realloc-64k", "realloc from=16 to=65536", "buffers", 4'000, true},
    Spec{"bulk", "bulk-lifo", "bulk order=lifo", "repeats", 20, true},
    Spec{"bulk", "bulk-fifo", "bulk order=fifo", "repeats", 20, false},
    Spec{"bulk", "bulk-random", "bulk order=random", "repeats", 12, true},
    Spec{"bulk", "bulk-random-mixed", "bulk order=random min=16 max=256", "repeats", 12, false},
    Spec{"calloc", "calloc-mixed", "calloc", "iterations", 2'000'000, true},
    Spec{"programs", "larson-2t", "larson threads=2 blocks=1000 replacements=20000", "lives", 200,
         true},
    Spec{"programs", "larson-8t", "larson threads=8 blocks=1000 replacements=5000", "lives", 200,
         false},
    Spec{"programs", "sh8-2t", "sh8 threads=2", "ops", 1'500'000, true},
    Spec{"programs", "cfrac", "cfrac", "numbers", 80, true},
    Spec{"programs", "espresso", "espresso", "functions", 4, true},
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return words;
}

}  // namespace

const std::vector<Group>& groups() {
  static const std::vector<Group> kGroups{
      {"tiny", "tiny pairs and batches, 16-1024 B", Basis::kMinima},
      {"mixed", "random mixed to 1040 / 2048 B, 1 thread", Basis::kMinima},
      {"mixed-2t", "the same, 2 threads", Basis::kMinima},
      {"mid", "8-32 KiB random and pairs, 1-2 threads", Basis::kMinima},
      {"large", "64 KiB-4 MiB", Basis::kMinima},
      {"remote", "every free remote", Basis::kMinima},
      {"realloc", "growing realloc, 16 B to 64 KiB", Basis::kMinima},
      {"bulk", "100 000 blocks, then all freed", Basis::kMinima},
      {"calloc", "calloc in a working set", Basis::kMinima},
      {"programs", "programs", Basis::kPairwise},
  };
  return kGroups;
}

std::vector<Row> make_rows(const std::string& workload_binary, bool quick) {
  std::vector<Row> rows;
  for (const Spec& spec : kSpecs) {
    if (quick && !spec.in_quick) continue;
    Row row{std::string(spec.id), std::string(spec.group), {}, true, ""};
    row.command.argv = split(spec.mode_and_words);
    row.command.argv.insert(row.command.argv.begin(), workload_binary);
    row.command.argv.push_back(
        fmt::format("{}={}", spec.count_key, spec.count / (quick ? kQuickDivisor : 1)));
    rows.push_back(std::move(row));
  }
  std::vector<Row> programs = make_program_rows(quick);
  rows.insert(rows.end(), programs.begin(), programs.end());
  return rows;
}

}  // namespace hakmem::bench
