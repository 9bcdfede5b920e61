#include "tools/replay.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/violation.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/packed_form.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRunnerName = "hakmem_replay_runner";
/// Mallocs other than ours align blocks of less than 16 bytes as their size asks for.
constexpr std::uint64_t kForeignSmallAlign = 8;

fs::path require_runner() {
  const fs::path runner = tool_directory() / kRunnerName;
  std::error_code error;
  if (fs::exists(runner, error)) return runner;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} is not beside this program; build it with ci/hakmem, or "
                                 "reinstall",
                                 runner.string()));
}

/// A word as a shell takes it back.
std::string shell_word(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=+,:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

ops::PackedHeader header_of(const ReplayRequest& request) {
  ops::PackedHeader header;
  header.seed = request.list.seed;
  if (request.until) header.until = *request.until + 1;
  if (!request.malloc_library.empty()) header.small_align = kForeignSmallAlign;
  header.schedule = request.parallel ? ops::Schedule::Parallel : ops::Schedule::Ordered;
  header.misuse = request.misuse || request.list.expect != 0;
  const std::string command = replay_command(request, {});
  std::strncpy(header.command, command.c_str(), sizeof header.command - 1);
  return header;
}

ChildSpec child_spec(const ReplayRequest& request, const RunPlan& plan, const fs::path& folder) {
  ChildSpec spec;
  spec.file = require_runner();
  spec.args = {kRunnerName, (folder / "packed").string(), (folder / "progress").string()};
  if (!request.observed_file.empty()) {
    spec.args.push_back(fs::absolute(request.observed_file).string());
  }
  spec.environment = current_environment();
  if (request.malloc_library == "libc") {
    set_variable(spec.environment, "LD_PRELOAD", "");
  } else {
    const fs::path library = request.malloc_library.empty() ? require_library(request.level)
                                                            : fs::path(request.malloc_library);
    set_variable(spec.environment, "LD_PRELOAD",
                 preload_value(fs::absolute(library), variable_of_process("LD_PRELOAD"), folder));
  }
  set_variable(spec.environment, "HAKMEM_INTEGRITY_LEVEL", std::to_string(request.level));
  set_variable(spec.environment, "HAKMEM_OPTIONS", plan.options);
  if (request.timeout_seconds > 0) {
    spec.limit = std::chrono::milliseconds(static_cast<long>(request.timeout_seconds * 1000));
  }
  return spec;
}

const char* kind_of_id(int id) {
  for (const ViolationRow& row : kViolationTable) {
    if (id_of(row.violation) == id) return row.kind;
  }
  return "finding";
}

std::string phrase(const ProgramEnd& end, const Verdict& verdict, const ops::Progress& progress) {
  if (const VerdictLine* const worst = worst_line(verdict)) {
    return fmt::format("HK{} {}", worst->id, kind_of_id(worst->id));
  }
  if (end.kind == ProgramEnd::Kind::TimedOut) return "not done within the time limit";
  if (end.kind == ProgramEnd::Kind::Signaled) {
    return fmt::format("killed by signal {} ({})", end.value, strsignal(end.value));
  }
  if (progress.finding.rule != ops::Rule::None) return progress.finding.text;
  if (end.value != 0 || !progress.finished) {
    return fmt::format("ended with status {}", end.value);
  }
  return "clean";
}

}  // namespace

std::string replay_command(const ReplayRequest& request, const ReplayResult& result) {
  std::string command = "hakmem replay " + shell_word(request.file.string());
  if (request.malloc_library.empty()) {
    command += fmt::format(" --level {}", request.level);
  } else {
    command += " --malloc " + shell_word(request.malloc_library);
  }
  if (request.parallel) command += " --parallel";
  if (request.misuse) command += " --misuse";
  if (!request.options.empty()) command += " --options " + shell_word(request.options);
  // In a parallel run later operations of other threads may have been what was needed.
  if (result.operation && !request.parallel) {
    command += fmt::format(" --until {}", *result.operation);
  }
  return command;
}

ReplayResult replay(const ReplayRequest& request) {
  const WorkFolder work;
  RunRequest run_request;
  run_request.level = request.level;
  run_request.output_folder = request.output_folder;
  run_request.options = request.options;
  const RunPlan plan =
      make_run_plan(run_request, variable_of_process("HAKMEM_OPTIONS"), work.path());
  ops::Progress* const progress = ops::map_progress((work.path() / "progress").c_str());
  const bool ready = progress != nullptr && ops::write_packed(work.path() / "packed",
                                                              header_of(request),
                                                              request.list.operations);
  if (!ready) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("no room for the operations in {}; set TMPDIR to a folder with "
                                   "more",
                                   work.path().string()));
  }
  const ChildSpec spec = child_spec(request, plan, work.path());
  ProgramEnd end;
  if (request.quiet) {
    constexpr std::chrono::milliseconds kQuietLimit{600'000};
    end = capture_child(spec, spec.limit.value_or(kQuietLimit)).end;
  } else {
    end = run_child(spec);
  }
  std::ifstream in(plan.verdict, std::ios::binary);
  const Verdict verdict = parse_verdict(std::string{std::istreambuf_iterator<char>(in), {}});
  ReplayResult result;
  result.exit_status = decide_exit_status(verdict, end);
  if (const VerdictLine* const worst = worst_line(verdict)) result.id = worst->id;
  result.what = phrase(end, verdict, *progress);
  if (progress->finished) {
    result.executed = progress->counts.executed;
    result.skipped = progress->counts.skipped;
  }
  const std::uint64_t last = ops::last_begun(progress->at, ops::kThreadMax);
  if (progress->finding.rule != ops::Rule::None) {
    result.operation = progress->finding.index;
  } else if (last != 0) {
    result.operation = last - 1;
  }
  return result;
}

}  // namespace hakmem::tools
