// Random operations by the billion on the malloc of this process: chunk after chunk, each a list of
// its own from seed and number, on real threads with hand-over, all judged by the oracle.
//   ops_volume [--operations N] [--seed N] [--threads N] [--chunk N] [--shard K/N]
//              [--from N] [--chunks N]     from that chunk on; no more than so many
//              [--write FILE]              write the first chunk's list instead of running it
// Called by ctest with a level's library preloaded, and by hand. What was done of a run that was
// cut short is in its output: go on with --from. Exit status: 0 clean, 89 finding.
// Invariant: a chunk depends on seed, number and shape alone, so that shards together are the run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "base/violation.h"
#include "property_tests/ops/child_case.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/foreign_subject.h"
#include "property_tests/ops/volume_list.h"
#include "stress/check.h"

namespace hakmem::ops {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kProgressEvery{5};

struct Settings {
  std::uint64_t operations = 10'000'000;
  std::uint64_t seed = 1;
  std::uint64_t part = 1, parts = 1;
  std::uint64_t from = 0;
  std::uint64_t chunks_max = UINT64_MAX;
  VolumeShape shape;
};

/// What was done so far.
struct Totals {
  std::uint64_t chunks = 0, executed = 0, skipped = 0, handed_over = 0;
  std::uint64_t requests[5] = {};  ///< by VolumeTier
};

void read_shard(const char* text, Settings& settings) {
  char* end = nullptr;
  settings.part = std::strtoull(text, &end, 10);
  settings.parts = *end == '/' ? std::strtoull(end + 1, &end, 10) : 0;
  if (*end != '\0' || settings.part == 0 || settings.part > settings.parts) {
    stress::die("bad --shard %s: K/N with 1 <= K <= N", text);
  }
}

Settings settings_of(int argc, char** argv) {
  using stress::number_option;
  Settings settings;
  settings.operations = number_option(argc, argv, "--operations", settings.operations);
  settings.seed = number_option(argc, argv, "--seed", settings.seed);
  settings.from = number_option(argc, argv, "--from", settings.from);
  settings.chunks_max = number_option(argc, argv, "--chunks", settings.chunks_max);
  read_shard(stress::text_option(argc, argv, "--shard", "1/1"), settings);
  VolumeShape& shape = settings.shape;
  shape.threads = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(number_option(argc, argv, "--threads", 2), 1, 64));
  shape.operations = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
      number_option(argc, argv, "--chunk", shape.operations), 1, 1u << 26));
  return settings;
}

OperationList list_of_chunk(const Settings& settings, std::uint64_t chunk) {
  return generate_volume(settings.seed * 0x9e3779b97f4a7c15u + chunk, settings.shape);
}

std::string command_of(const Settings& settings, std::uint64_t chunk) {
  const char* const preload = std::getenv("LD_PRELOAD");
  return fmt::format("LD_PRELOAD={} ops_volume --operations {} --seed {} --threads {} --chunk {} "
                     "--from {} --chunks 1",
                     preload != nullptr ? preload : "", settings.operations, settings.seed,
                     settings.shape.threads, settings.shape.operations, chunk);
}

void count_list(const OperationList& list, std::uint32_t slots, Totals& totals) {
  std::vector<std::uint16_t> last(slots, UINT16_MAX);
  for (const Operation& operation : list.operations) {
    const VerbRow& row = row_of(operation.verb);
    if (!row.has_block) continue;
    std::uint16_t& before = last[operation.block];
    totals.handed_over += before != UINT16_MAX && before != operation.thread ? 1u : 0u;
    before = operation.thread;
    if (row.group == VerbGroup::Allocate || row.group == VerbGroup::Resize) {
      ++totals.requests[static_cast<std::size_t>(volume_tier(bytes_of(operation)))];
    }
  }
}

/// True when the chunk was clean.
bool run_chunk(const Settings& settings, std::uint64_t chunk, Totals& totals) {
  const OperationList list = list_of_chunk(settings, chunk);
  static Table<std::atomic<std::uint64_t>> progress(kThreadMax);
  for (std::uint32_t i = 0; i < settings.shape.threads; ++i) progress[i].store(0);
  static std::string command;
  command = command_of(settings, chunk);
  set_crash_note({list.seed, command.c_str(), progress.begin(), settings.shape.threads});
  ProcessSubject own;
  ForeignSubject foreign;
  Subject& subject = malloc_is_foreign() ? static_cast<Subject&>(foreign) : own;
  RunSettings run_settings;
  run_settings.progress = progress.begin();
  run_settings.live_bytes_max = std::uint64_t{512} << 20;
  run_settings.small_align = malloc_is_foreign() ? 8 : 16;
  run_settings.stamps.edge_bytes = 256;
  Interpreter interpreter(list.operations, subject, run_settings);
  run(interpreter, settings.shape.threads > 1 ? Schedule::Parallel : Schedule::Inline);
  const Finding& finding = interpreter.finding();
  if (finding.rule == Rule::None) {
    ++totals.chunks;
    totals.executed += interpreter.counts().executed;
    totals.skipped += interpreter.counts().skipped;
    count_list(list, settings.shape.blocks, totals);
    return true;
  }
  CaseResult result;
  result.what = finding.text;
  result.operation = finding.index;
  const std::string library = stress::subject_path();
  fmt::print(stderr, "FAIL chunk {}: {}  in context: {}\n", chunk,
             describe_failure(list, result, fmt::format("failed_volume_{}", chunk),
                              fmt::format("--malloc {} --parallel",
                                          library.empty() ? "libc" : library)),
             command);
  return false;
}

std::string text_of(const Totals& totals, std::uint64_t next, double seconds) {
  return fmt::format("{} chunks, {} operations executed, {} skipped, {} handed over; requests: {} "
                     "tiny, {} pool, {} large, {} mapped, {} impossible; {:.2f} million a second; "
                     "next chunk {}",
                     totals.chunks, totals.executed, totals.skipped, totals.handed_over,
                     totals.requests[0], totals.requests[1], totals.requests[2],
                     totals.requests[3], totals.requests[4],
                     static_cast<double>(totals.executed) / 1e6 / std::max(seconds, 1e-9), next);
}

int run_all(int argc, char** argv) {
  const Settings settings = settings_of(argc, argv);
  if (const char* const file = stress::text_option(argc, argv, "--write", nullptr)) {
    const FormError error = write_file(file, list_of_chunk(settings, settings.from));
    if (error.ok()) return 0;
    fmt::print(stderr, "{}\n", error.sentence);
    return exit_code::kHakmemFailed;
  }
  stress::require_subject();
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::uint64_t chunks =
      (settings.operations + settings.shape.operations - 1) / settings.shape.operations;
  Totals totals;
  const Clock::time_point begin = Clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  Clock::time_point shown = begin;
  std::uint64_t chunk = settings.from;
  for (; chunk < chunks && totals.chunks < settings.chunks_max; ++chunk) {
    if (chunk % settings.parts != settings.part - 1) continue;
    if (!run_chunk(settings, chunk, totals)) return exit_code::kFinding;
    if (Clock::now() - shown < kProgressEvery) continue;
    shown = Clock::now();
    fmt::print("{}\n", text_of(totals, chunk + 1, seconds()));
  }
  fmt::print("{}\nseed {}, shard {}/{}, {} threads, commit {}: nothing found\n",
             text_of(totals, chunk, seconds()), settings.seed, settings.part, settings.parts,
             settings.shape.threads, built_commit());
  return totals.chunks == 0 ? exit_code::kHakmemFailed : 0;
}

}  // namespace
}  // namespace hakmem::ops

int main(int argc, char** argv) { return hakmem::ops::run_all(argc, argv); }
