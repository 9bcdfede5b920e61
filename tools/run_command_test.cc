// `hakmem run` and `hakmem lib` from outside: the real program beside a library that only writes
// verdicts, so that every end of a program can be made to happen.
// The ids here stand in no table, so that no real error counts as tested by this file.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/installation_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

class RunCommand : public Installation {};

TEST_F(RunCommand, ACleanProgramKeepsItsStatusAndOutput) {
  EXPECT_EQ(status("$HAKMEM run -- /bin/true"), 0);
  EXPECT_EQ(status("$HAKMEM run -- /bin/false"), 1);
  EXPECT_EQ(status("$HAKMEM run sh -c 'exit 37'"), 37);
  EXPECT_EQ(shell("echo abc | $HAKMEM run -- cat").output, "abc\n");
  EXPECT_TRUE(fs::is_empty(work())) << "a clean run leaves nothing behind";
}

TEST_F(RunCommand, TheProgramSeesTheLibraryOfTheLevel) {
  const std::string folder = (home_.path() / "lib" / "hakmem").string();
  EXPECT_EQ(shell("$HAKMEM run -- sh -c 'echo $LD_PRELOAD $HAKMEM_INTEGRITY_LEVEL'").output,
            folder + "/libhakmem_l4.so 4\n");
  EXPECT_EQ(shell("$HAKMEM run --level 0 sh -c 'echo $LD_PRELOAD $HAKMEM_INTEGRITY_LEVEL'").output,
            folder + "/libhakmem.so 0\n");
  EXPECT_EQ(shell("HAKMEM_INTEGRITY_LEVEL=2 $HAKMEM run -- sh -c 'echo $LD_PRELOAD'").output,
            folder + "/libhakmem_l2.so\n");
}

TEST_F(RunCommand, ASignalIsReportedAsAShellDoes) {
  EXPECT_EQ(status("$HAKMEM run -- sh -c 'kill -KILL $$'"), 128 + SIGKILL);
  EXPECT_EQ(status("$HAKMEM run -- sh -c 'kill -TERM $$'"), 128 + SIGTERM);
}

TEST_F(RunCommand, SignalsAreForwarded) {
  for (const char* signal : {"INT", "TERM", "HUP", "QUIT"}) {
    const std::string name = signal;
    // The program asks its parent, which is hakmem, and spins until the signal comes back.
    EXPECT_EQ(status("$HAKMEM run -- sh -c 'trap \"exit 5\" " + name + "; kill -" + name +
                     " $PPID; while :; do :; done'"),
              5)
        << name;
  }
}

TEST_F(RunCommand, ATimeoutEndsTheWholeProcessGroup) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // orphans become ours to wait for
  const Captured captured =
      shell("$HAKMEM run --timeout 0.5 -- sh -c 'sleep 1000 & echo $! > orphan; wait'");
  EXPECT_EQ(captured.end.value, exit_code::kTimeout);
  EXPECT_NE(captured.output.find("time limit of 0.5 s"), std::string::npos);
  const pid_t orphan = std::stoi(read_text(work() / "orphan"));
  int how = 0;
  ASSERT_EQ(waitpid(orphan, &how, 0), orphan);
  EXPECT_TRUE(WIFSIGNALED(how));
}

TEST_F(RunCommand, AProgramThatIgnoresTheTimeoutIsKilled) {
  EXPECT_EQ(status("$HAKMEM run --timeout 0.2 -- sh -c 'trap \"\" TERM; while :; do :; done'"),
            exit_code::kTimeout);
}

TEST_F(RunCommand, ATimeoutThatIsNotReachedChangesNothing) {
  EXPECT_EQ(status("$HAKMEM run --timeout 50 -- sh -c 'exit 3'"), 3);
}

TEST_F(RunCommand, WhatCannotBeExecutedIs126AndWhatIsNotThereIs127) {
  home_.write("work/plain", "text\n", false);
  home_.write("work/orphaned", "#!/no/such/interpreter\n", true);
  EXPECT_EQ(status("$HAKMEM run -- ./plain"), exit_code::kNotExecutable);
  EXPECT_EQ(status("$HAKMEM run -- /"), exit_code::kNotExecutable);
  EXPECT_EQ(status("$HAKMEM run -- ./orphaned"), exit_code::kNotExecutable);
  EXPECT_EQ(status("$HAKMEM run -- ./absent"), exit_code::kNotFound);
  EXPECT_EQ(status("$HAKMEM run -- no-such-program-anywhere"), exit_code::kNotFound);
}

TEST_F(RunCommand, ScriptsWithAndWithoutInterpreterLineRun) {
  home_.write("work/with", "#!/bin/sh\nexit 4\n", true);
  home_.write("work/without", "exit $1\n", true);
  EXPECT_EQ(status("$HAKMEM run -- ./with"), 4);
  EXPECT_EQ(status("$HAKMEM run -- ./without 6"), 6);
}

TEST_F(RunCommand, BadOptionsAre64AndNameTheNearest) {
  for (const auto& [line, nearest] : std::initializer_list<std::pair<const char*, const char*>>{
           {"$HAKMEM run --leak -- true", "'--leaks'"},
           {"$HAKMEM rum -- true", "'run'"},
           {"$HAKMEM run --options leeks=1 -- true", "'leaks'"},
           {"HAKMEM_OPTIONS=leeks=1 $HAKMEM run -- true", "'leaks'"},
           {"$HAKMEM run --level 5 -- true", "range"},
           {"$HAKMEM run --exitcode 0 -- true", "range"},
           {"$HAKMEM run --stack deep -- true", "deep"},
           {"$HAKMEM run", "no program"},
           {"$HAKMEM lib", "--level"},
           {"$HAKMEM lib --level 7", "range"},
           {"$HAKMEM explain hk119", "nearest"},
           {"$HAKMEM", "subcommand"}}) {
    const Captured captured = shell(line);
    EXPECT_EQ(captured.end.value, exit_code::kBadOption) << line;
    EXPECT_NE(captured.output.find(nearest), std::string::npos) << line << ": " << captured.output;
  }
}

TEST_F(RunCommand, AFindingDecidesTheStatusAndItsReportIsNamed) {
  plant("true", "86 HK198 HK198-1");
  const Captured captured = shell("$HAKMEM run -o out -- /bin/true");
  EXPECT_EQ(captured.end.value, exit_code::kHeapError);
  EXPECT_NE(captured.output.find("HK198 finding, exit status 86"), std::string::npos)
      << captured.output;
  const fs::path report = fs::directory_iterator(work() / "out")->path() / "report.json";
  EXPECT_TRUE(fs::exists(report));
  EXPECT_NE(captured.output.find("hakmem: report " + report.string()), std::string::npos);
}

TEST_F(RunCommand, AFindingOfAGrandchildIsTheTreesStatus) {
  plant("false", "86 HK198 HK198-1");
  EXPECT_EQ(status("$HAKMEM run -o out -- sh -c '/bin/false; exit 0'"), exit_code::kHeapError);
  EXPECT_FALSE(fs::is_empty(work() / "out"));
}

TEST_F(RunCommand, TheWorstFindingOfATreeWins) {
  plant("true", "90 HK198 a\n87 HK998 b\n86 HK197 c");
  const Captured captured = shell("$HAKMEM run -o out -- true");
  EXPECT_EQ(captured.end.value, exit_code::kHakmemBug);
  EXPECT_NE(captured.output.find("3 findings in one process, the worst HK998"), std::string::npos)
      << captured.output;
  plant("true", "90 HK198 a");
  EXPECT_EQ(status("$HAKMEM run -o out -- true"), exit_code::kLeakOnly);
}

TEST_F(RunCommand, ARunInsideARunHandsItsVerdictOn) {
  plant("true", "86 HK198 a");
  EXPECT_EQ(status("$HAKMEM run -o out -- sh -c '$HAKMEM run -o out -- true; exit 0'"),
            exit_code::kHeapError);
}

TEST_F(RunCommand, LibPrintsThePathAndNothingElse) {
  for (int level = 0; level <= 4; ++level) {
    const fs::path library = home_.path() / "lib" / "hakmem" / library_file_name(level);
    const Captured captured = shell("$HAKMEM lib --level " + std::to_string(level));
    EXPECT_EQ(captured.output, library.string() + "\n");
    EXPECT_EQ(captured.end.value, 0);
  }
}

TEST_F(RunCommand, AMissingLibraryIsOurFailureWithARemedy) {
  fs::remove(home_.path() / "lib" / "hakmem" / library_file_name(3));
  for (const char* line : {"$HAKMEM lib --level 3", "$HAKMEM run --level 3 -- true"}) {
    const Captured captured = shell(line);
    EXPECT_EQ(captured.end.value, exit_code::kHakmemFailed) << line;
    EXPECT_NE(captured.output.find("ci/hakmem"), std::string::npos) << captured.output;
  }
}

}  // namespace
}  // namespace hakmem::tools
