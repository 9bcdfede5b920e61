// `hakmem run` on a terminal: keys reach the program, once, with and without a time limit (which
// gives the program a process group of its own). Waits for what the program prints, never for time.

#include <poll.h>
#include <pty.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tools/library_path.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kHangLimitMs = 60'000;

/// A program whose terminal the test holds.
class TerminalProgram {
 public:
  explicit TerminalProgram(const std::string& shell_line) {
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ < 0) throw std::runtime_error("no terminal");
    if (pid_ == 0) {
      execl("/bin/sh", "sh", "-c", shell_line.c_str(), nullptr);
      _exit(127);
    }
  }
  ~TerminalProgram() {
    close(terminal_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;

  void type(const std::string& keys) const {
    if (write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
      throw std::runtime_error("the terminal took no keys");
    }
  }

  /// Reads on until `text` was printed; false at the end of output, or when nothing comes for long.
  bool prints(const std::string& text) {
    while (output_.find(text) == std::string::npos) {
      if (!read_more()) return false;
    }
    return true;
  }

  /// Reads to the end of output; exit status, or 128 + signal.
  int finish() {
    while (read_more()) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// Stops the process that the shell line became, and nothing else.
  void stop() const {
    kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
  }
  void go_on() const { kill(pid_, SIGCONT); }

  /// Waits for the end of its only child, which it has not waited for itself.
  void await_end_of_child() const {
    const std::string pid = std::to_string(pid_);
    pid_t child = 0;
    std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> child;
    pollfd process{static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
    poll(&process, 1, kHangLimitMs);
    close(process.fd);
  }

  const std::string& output() const { return output_; }

 private:
  bool read_more() {
    pollfd ready{terminal_, POLLIN, 0};
    if (poll(&ready, 1, kHangLimitMs) <= 0) return false;
    char buffer[4096];
    const ssize_t got = read(terminal_, buffer, sizeof buffer);
    if (got <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int terminal_ = -1;
  pid_t pid_ = -1;
  std::string output_;
};

/// Answers each line it reads.
constexpr const char* kReader = "sh -c 'while read line; do echo got-$line; done'";

/// The parameter is what stands between `run` and `--`.
class RunTerminal : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    fs::create_directories(home_.path() / "bin");
    fs::create_directories(home_.path() / "lib");
    fs::copy_file(HAKMEM_TOOL_FOR_TEST, home_.path() / "bin" / "hakmem");
    fs::copy_file(VERDICT_LIBRARY_FOR_TEST, home_.path() / "lib" / library_file_name(4));
  }

  /// A shell line that runs `program` under hakmem.
  std::string run(const std::string& program) const {
    return "exec '" + (home_.path() / "bin" / "hakmem").string() + "' run " + GetParam() + " -- " +
           program;
  }

  ScratchFolder home_;
};

TEST_P(RunTerminal, TheProgramReadsTheTerminal) {
  TerminalProgram program(run(kReader));
  program.type("one\n");
  ASSERT_TRUE(program.prints("got-one")) << program.output();
  program.type("\x04");  // end of file
  EXPECT_EQ(program.finish(), 0);
}

TEST_P(RunTerminal, ControlCReachesTheProgramOnce) {
  TerminalProgram program(
      run("sh -c 'n=0; trap \"n=\\$((n+1))\" INT; echo ready; while [ $n = 0 ]; do :; done; "
          "echo caught; read line; echo count=$n'"));
  ASSERT_TRUE(program.prints("ready")) << program.output();
  program.type("\x03");
  ASSERT_TRUE(program.prints("caught")) << program.output();
  program.type("go\n");
  EXPECT_EQ(program.finish(), 0);
  EXPECT_NE(program.output().find("count=1"), std::string::npos) << program.output();
}

TEST_P(RunTerminal, ControlCDoesNotOutliveTheProgramThatCaughtIt) {
  TerminalProgram program(
      run("sh -c 'trap caught=1 INT; echo ready; while [ -z \"$caught\" ]; do :; done; echo bye'"));
  ASSERT_TRUE(program.prints("ready")) << program.output();
  program.stop();
  program.type("\x03");
  ASSERT_TRUE(program.prints("bye")) << program.output();
  program.await_end_of_child();
  program.go_on();  // notices the end before the key
  EXPECT_EQ(program.finish(), 0);
}

TEST_P(RunTerminal, ControlCEndsAProgramThatDoesNotCatchIt) {
  TerminalProgram program(run("sh -c 'echo ready; while :; do :; done'"));
  ASSERT_TRUE(program.prints("ready")) << program.output();
  program.type("\x03");
  EXPECT_EQ(program.finish(), 128 + SIGINT);
}

TEST_P(RunTerminal, AStoppedJobGoesOnInTheForeground) {
  const std::string line = run(kReader).substr(sizeof "exec " - 1);
  TerminalProgram program("PS1='prompt: ' ENV= exec sh -i");
  ASSERT_TRUE(program.prints("prompt: ")) << program.output();
  program.type(line + "\n");
  program.type("one\n");
  ASSERT_TRUE(program.prints("got-one")) << program.output();
  program.type("\x1a");
  ASSERT_TRUE(program.prints("Stopped")) << program.output();
  program.type("fg\n");
  program.type("two\n");
  ASSERT_TRUE(program.prints("got-two")) << program.output();
  program.type("\x04");
  program.type("exit 7\n");
  EXPECT_EQ(program.finish(), 7) << program.output();
}

TEST_P(RunTerminal, TheShellGoesOnWhenTheProgramHasStoppedAndNotBefore) {
  const std::string slow =
      "sh -c 'trap \"trap - TSTP; sleep 0.3; echo late; kill -TSTP \\$\\$; echo again\" TSTP; "
      "echo ready; while :; do :; done'";
  TerminalProgram program("PS1='prompt: ' ENV= exec sh -i");
  ASSERT_TRUE(program.prints("prompt: ")) << program.output();
  program.type(run(slow).substr(sizeof "exec " - 1) + "\n");
  ASSERT_TRUE(program.prints("\nready")) << program.output();
  program.type("\x1a");
  ASSERT_TRUE(program.prints("Stopped")) << program.output();
  const std::string seen = program.output();
  EXPECT_LT(seen.find("^Zlate"), seen.find("Stopped")) << seen;
  program.type("fg\n");
  ASSERT_TRUE(program.prints("\nagain")) << program.output();
  program.type("\x03");
  program.type("exit 7\n");
  EXPECT_EQ(program.finish(), 7) << program.output();
}

INSTANTIATE_TEST_SUITE_P(TimeLimit, RunTerminal, testing::Values("", "--timeout 600"),
                         [](const auto& row) {
                           return std::string(*row.param == '\0' ? "Without" : "With");
                         });

}  // namespace
}  // namespace hakmem::tools
