// Any list of operations is answered correctly by the malloc of this process, whichever is
// preloaded: the properties of `hakmem gate --target`. Each list runs in a child, so that a crash
// is shrunk like any other failure; the shortest list is in the file that the message names.
#include <gtest/gtest.h>

#include "property_tests/ops/draw_for_test.h"
#include "property_tests/ops/foreign_subject.h"

namespace hakmem::ops {
namespace {

std::unique_ptr<Subject> make_process(std::uint32_t) {
  if (malloc_is_foreign()) return std::make_unique<ForeignSubject>();
  return std::make_unique<ProcessSubject>();
}

/// Other mallocs may align a block smaller than 16 bytes to 8, as C23 has it.
RunSettings settings_for_target() {
  RunSettings settings;
  settings.live_bytes_max = 64u << 20;
  settings.small_align = malloc_is_foreign() ? 8 : 16;
  return settings;
}

std::string replay_options() {
  const std::string library = stress::subject_path();
  return "--malloc " + (library.empty() ? "libc" : library);
}

RC_GTEST_PROP(Target, AnyListIsAnsweredCorrectlyInOrder, (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_process, Schedule::Inline, settings_for_target()),
                replay_options());
}

RC_GTEST_PROP(Target, AnyListIsAnsweredCorrectlyOnThreadsInTurn,
              (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_process, Schedule::Ordered, settings_for_target()),
                replay_options());
}

RC_GTEST_PROP(Target, AnyListIsAnsweredCorrectlyOnThreadsAtOnce,
              (const std::vector<Draw>& draws)) {
  const OperationList list = list_of(draws);
  require_clean(list, run_case(list, make_process, Schedule::Parallel, settings_for_target()),
                replay_options() + " --parallel");
}

TEST(Target, MallocIsTheOneUnderTest) { stress::require_subject(); }

}  // namespace
}  // namespace hakmem::ops
