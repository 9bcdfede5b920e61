// Child processes: exit status, signal, output, input, environment, time limit.
#include "bench/harness/process.h"

#include <gtest/gtest.h>

namespace hakmem::bench {
namespace {

constexpr int kLimitS = 60;

Outcome run_shell(const std::string& script, const EnvironmentChange& change = {}) {
  return run_process({{"/bin/sh", "-c", script}, "given on stdin"}, change, kLimitS);
}

TEST(Process, CapturesOutputAndInput) {
  const Outcome outcome = run_shell("cat; echo oops >&2");
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.out, "given on stdin");
  EXPECT_EQ(outcome.err, "oops\n");
  EXPECT_GT(outcome.wall_ns, 0);
}

TEST(Process, ExitStatusIsAFailureWithTheLastLineOfStandardError) {
  EXPECT_EQ(run_shell("echo first >&2; echo last >&2; exit 3").failure, "exit status 3: last");
}

TEST(Process, SignalIsAFailureThatNamesIt) {
  EXPECT_EQ(run_shell("kill -SEGV $$").failure.substr(0, 19), "killed by signal 11");
}

TEST(Process, MissingProgramIsAFailure) {
  EXPECT_EQ(run_process({{"/nonexistent/program"}, ""}, {}, kLimitS).failure.substr(0, 12),
            "cannot start");
}

TEST(Process, EnvironmentIsSetReplacedAndUnset) {
  setenv("HAKMEM_BENCH_TEST_A", "old", 1);
  setenv("HAKMEM_BENCH_TEST_B", "old", 1);
  const Outcome outcome = run_shell("echo ${HAKMEM_BENCH_TEST_A-none} ${HAKMEM_BENCH_TEST_B-none}",
                                    {{"HAKMEM_BENCH_TEST_A=new"}, {"HAKMEM_BENCH_TEST_B"}});
  EXPECT_EQ(outcome.out, "new none\n");
}

TEST(Process, TimeLimitEndsAProcessThatWouldNotEnd) {
  const Outcome outcome = run_process({{"/bin/sh", "-c", "while :; do :; done"}, ""}, {}, 1);
  EXPECT_EQ(outcome.failure, "no end within 1 s");
}

}  // namespace
}  // namespace hakmem::bench
