// Any list of operations, on any number of threads' states, is answered as a correct malloc
// answers, leaves every structure sound after each operation, loses nothing, and is observed as on
// the C library. Each list runs in a child, so that a crash is shrunk like any other failure; the
// shortest list is in the file that the message names, to be replayed by `hakmem replay`.
#include <gtest/gtest.h>

#include <algorithm>

#include "integrity/report.h"
#include "property_tests/ops/child_case.h"
#include "property_tests/ops/domain_subject.h"
#include "property_tests/ops/draw_for_test.h"
#include "property_tests/ops/process_subject.h"

namespace hakmem::ops {
namespace {

std::unique_ptr<Subject> make_domain(std::uint32_t threads) {
  if constexpr (kBuildChecks.any()) {
    static constinit Options options{.symbolize = false};
    set_report_context({&options, kIntegrityLevel});
  }
  return std::make_unique<DomainSubject>(threads);
}
std::unique_ptr<Subject> make_resting_domain(std::uint32_t threads) {
  return std::make_unique<DomainSubject>(threads, 16);
}
/// How `hakmem replay` comes nearest to what was done here.
const std::string kOptions = "--level " + std::to_string(kIntegrityLevel);

std::unique_ptr<Subject> make_process(std::uint32_t) { return std::make_unique<ProcessSubject>(); }

RC_GTEST_PROP(Operations, AnyListIsAnsweredCorrectlyAndLeavesStructuresSound,
              (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_domain, Schedule::Inline, {.verify_each = true}),
                kOptions);
}

RC_GTEST_PROP(Operations, AnyListIsAnsweredCorrectlyWhileFreedBlocksRest,
              (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_resting_domain, Schedule::Inline, {}), kOptions);
}

RC_GTEST_PROP(Operations, AnyListIsObservedAsOnTheCLibrary, (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  const RunSettings settings{.fork = false, .live_bytes_max = 64u << 20};
  CaseResult ours = run_case(list, make_domain, Schedule::Inline, settings);
  require_clean(list, ours, kOptions);
  const CaseResult theirs = run_case(list, make_process, Schedule::Inline, settings);
  require_clean(list, theirs, "--malloc libc");
  const auto [at, other] = std::mismatch(ours.observed.begin(), ours.observed.end(),
                                         theirs.observed.begin());
  if (at == ours.observed.end()) return;
  ours.operation = static_cast<std::uint64_t>(at - ours.observed.begin());
  ours.what = "is not observed as on the C library";
  RC_FAIL(describe_failure(list, ours, name_of_test(), kOptions));
}

RC_GTEST_PROP(Operations, AnyListIsAnsweredCorrectlyByRealThreads,
              (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_domain, Schedule::Parallel, {.fork = false}),
                kOptions + " --parallel");
}

}  // namespace
}  // namespace hakmem::ops
