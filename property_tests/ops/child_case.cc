#include "property_tests/ops/child_case.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/packed_form.h"
#include "property_tests/ops/text_form.h"

namespace hakmem::ops {

namespace {

std::string phrase_of(int status, const Progress& progress) {
  if (progress.finding.rule != Rule::None) return progress.finding.text;
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fmt::format("ended with status {}", WEXITSTATUS(status));
  return progress.finished ? "clean" : "ended before the end of the list";
}

}  // namespace

CaseResult run_case(const OperationList& list, const MakeSubject& make, Schedule schedule,
                    RunSettings settings) {
  static Table<Progress> shared(1, true);
  Progress& progress = shared[0];
  Table<Observed> observed(list.operations.size() + 1, true);
  const Extent extent = extent_of(list.operations.data(), list.operations.size());
  for (std::uint32_t i = 0; i < extent.threads; ++i) progress.at[i].store(0);
  progress.finding = {};
  progress.finished = false;
  settings.progress = progress.at;
  settings.observed = observed.begin();
  const pid_t child = fork();
  if (child == 0) {
    const std::unique_ptr<Subject> subject = make(extent.threads);
    Interpreter interpreter(list.operations, *subject, settings);
    run(interpreter, schedule);
    progress.finding = interpreter.finding();
    progress.finished = true;
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  CaseResult result;
  result.what = phrase_of(status, progress);
  result.ok = result.what == "clean";
  const std::uint64_t last = last_begun(progress.at, extent.threads);
  result.operation = progress.finding.rule != Rule::None ? progress.finding.index
                     : last != 0                         ? last - 1
                                                         : 0;
  result.observed.assign(observed.begin(), observed.begin() + list.operations.size());
  return result;
}

std::string describe_failure(const OperationList& list, const CaseResult& result,
                             const std::string& name, const std::string& options) {
  const char* const folder = std::getenv("HAKMEM_OPS_FAILED");
  const std::filesystem::path file =
      std::filesystem::path(folder != nullptr ? folder : ".") / (name + ".hkops");
  const FormError error = write_file(file, list);
  const bool named = result.operation < list.operations.size();
  const std::string written =
      error.ok() ? fmt::format("{} operations in {}", list.operations.size(), file.string())
                 : error.sentence;
  return fmt::format(
      "operation {} ({}): {}\n  seed {}, commit {}\n  {}\n  replay: hakmem replay {} {}\n",
      result.operation, named ? to_text(list.operations[result.operation]) : "the end",
      result.what, list.seed, built_commit(), written, file.string(), options);
}

}  // namespace hakmem::ops
