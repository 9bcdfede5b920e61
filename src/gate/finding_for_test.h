// Runs what must end the process with a finding in a child, and expects its id, kind and exit code.
// Called by the gate's tests from level 1 on; below it nothing is reported.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "integrity/report.h"
#include "integrity/run_child_for_test.h"

namespace hakmem {

inline std::string headline_of(Violation violation) {
  return "HK" + std::to_string(id_of(violation)) + " " + row_of(violation).kind;
}

/// Reports of the children name no lines: symbols take seconds.
template <class Options>
void set_quick_reports(int level) {
  static constinit Options options{.symbolize = false};
  set_report_context({&options, level});
}

/// Expects that `body` ends its process with this finding; returns what it wrote.
template <class Body>
std::string expect_finding(Violation violation, int level, Body body) {
  const ChildRun run = run_child([&] {
    set_quick_reports<Options>(level);
    body();
  });
  const int code = row_of(violation).fault == Fault::Program ? exit_code::kHeapError
                                                             : exit_code::kHakmemBug;
  EXPECT_TRUE(run.exited_with(code)) << "status " << run.status << "\n" << run.errors;
  EXPECT_TRUE(run.says(headline_of(violation))) << run.errors;
  return run.errors;
}

/// Runs `body` in a child that goes on after findings; what it returns is the exit status.
template <class Body>
ChildRun go_on_after_findings(int level, Body body) {
  return run_child([&] {
    static constinit Options options{.halt_on_error = false, .symbolize = false};
    set_report_context({&options, level});
    _exit(static_cast<int>(body()));
  });
}

}  // namespace hakmem
