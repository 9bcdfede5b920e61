// Executes a list in a child process, so that whatever becomes of it is an answer and not the end
// of the test: a wrong answer, a report of the allocator, a crash.
// Called by the property tests. Invariant: no child is left behind.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "property_tests/ops/schedule.h"

namespace hakmem::ops {

struct CaseResult {
  bool ok = false;
  std::string what;              ///< a phrase
  std::uint64_t operation = 0;   ///< the one that was wrong, or the last that was begun
  std::vector<Observed> observed;
};

using MakeSubject = std::function<std::unique_ptr<Subject>(std::uint32_t threads)>;

/// Executes `list` in a child on a subject that is made there. Standard error is the caller's.
CaseResult run_case(const OperationList& list, const MakeSubject& make, Schedule schedule,
                    RunSettings settings);

/// Writes the list to `name`.hkops in the folder of HAKMEM_OPS_FAILED, or the current one, and
/// returns what to tell: rule, operation, seed, commit, file and the command to replay it.
/// `options` belong to that command.
std::string describe_failure(const OperationList& list, const CaseResult& result,
                             const std::string& name, const std::string& options);

}  // namespace hakmem::ops
