#include "tools/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/descendants.h"

namespace hakmem::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/// Blocks the signals that the waiting loop receives by itself, and sees to it that an ended child
/// stays until it is waited for; restores both at the end.
class SignalScope {
 public:
  SignalScope() {
    sigemptyset(&watched_);
    for (const int signal : kForwarded) sigaddset(&watched_, signal);
    sigaddset(&watched_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched_, &before_);
    struct sigaction keep {};
    keep.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &keep, &on_child_before_);
  }
  ~SignalScope() { restore(); }
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

  const sigset_t& watched() const { return watched_; }
  void restore() const {
    sigaction(SIGCHLD, &on_child_before_, nullptr);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t watched_;
  sigset_t before_;
  struct sigaction on_child_before_ {};
};

/// Makes `group` the terminal's foreground group. We are in the background then, so SIGTTOU is
/// held.
void give_terminal_to(pid_t group) {
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  sigprocmask(SIG_BLOCK, &stop, &before);
  tcsetpgrp(STDIN_FILENO, group);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

bool owns_terminal() { return isatty(STDIN_FILENO) != 0 && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// One child from fork to reaping.
class Child {
 public:
  Child(const ChildSpec& spec, int output_fd) : spec_(spec), output_fd_(output_fd) {}

  /// Forks and executes; returns when execve() succeeded. Throws when it did not.
  void start(const SignalScope& signals);
  /// Waits for the end, forwarding signals and keeping the time limit.
  ProgramEnd wait(const SignalScope& signals);

 private:
  [[noreturn]] void become_program(const SignalScope& signals, int error_fd, char** args,
                                   char** environment);
  /// True when the child ended; follows it when it was stopped from the terminal.
  bool reap(ProgramEnd& end);
  /// The child stopped: stops as well, and goes on with it. Only then, so that the shell does not
  /// go on reading from the terminal while the program still does.
  void stop_with_child() const;
  /// Waits for what the program left behind.
  void wait_for_rest(const SignalScope& signals, ProgramEnd& end);
  /// Sleeps until a signal or the time limit; forwards the one, enforces the other.
  void attend(const SignalScope& signals);
  void enforce_limit();
  void end_all(int signal) const;
  void forward(const siginfo_t& received) const;
  /// True for a key pressed at the terminal, which the child has received as well.
  bool reached_child(const siginfo_t& received) const {
    return received.si_code == SI_KERNEL && !own_group_;
  }
  /// Takes the keys that arrived before the child's end was noticed: they were the child's.
  void drop_keys(const SignalScope& signals) const;
  timespec time_to_wait() const;

  const ChildSpec& spec_;
  int output_fd_;  // -1: the child keeps our output
  pid_t pid_ = -1;
  bool own_group_ = false;
  bool has_terminal_ = false;  // the child's group is in the foreground
  bool timed_out_ = false;
  bool killed_ = false;
  bool ended_ = false;  // the program itself; its children may go on
  Clock::time_point deadline_{};
};

void Child::become_program(const SignalScope& signals, int error_fd, char** args,
                           char** environment) {
  if (own_group_) setpgid(0, 0);
  if (has_terminal_) give_terminal_to(getpid());
  if (output_fd_ >= 0) {
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(output_fd_, STDOUT_FILENO);
    dup2(output_fd_, STDERR_FILENO);
  }
  signals.restore();
  execve(spec_.file.c_str(), args, environment);
  const int error = errno;
  [[maybe_unused]] const auto written = write(error_fd, &error, sizeof error);
  _exit(exit_code::kNotExecutable);
}

void Child::start(const SignalScope& signals) {
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) {
    throw CommandError(exit_code::kHakmemFailed, fmt::format("no pipe: {}", strerror(errno)));
  }
  own_group_ = spec_.limit.has_value();
  has_terminal_ = own_group_ && output_fd_ < 0 && owns_terminal();
  // Made before the fork: the child of a threaded process must not allocate.
  std::vector<char*> args = pointers_to(spec_.args);
  std::vector<char*> environment = pointers_to(spec_.environment);
  pid_ = fork();
  if (pid_ == 0) become_program(signals, error_pipe[1], args.data(), environment.data());
  close(error_pipe[1]);
  if (pid_ < 0) {
    const int error = errno;
    close(error_pipe[0]);
    throw CommandError(exit_code::kHakmemFailed, fmt::format("no process: {}", strerror(error)));
  }
  if (own_group_) setpgid(pid_, pid_);  // both sides do it, so that neither waits for the other
  int error = 0;
  const bool refused = read(error_pipe[0], &error, sizeof error) == ssize_t{sizeof error};
  close(error_pipe[0]);
  if (refused) {
    waitpid(pid_, nullptr, 0);
    if (has_terminal_) give_terminal_to(getpgrp());
    const char* why = error == ENOENT ? "its interpreter or loader is missing" : strerror(error);
    throw CommandError(exit_code::kNotExecutable,
                       fmt::format("{} cannot be executed: {}", spec_.file.string(), why));
  }
  if (spec_.limit) deadline_ = Clock::now() + *spec_.limit;
}

void Child::stop_with_child() const {
  if (has_terminal_) give_terminal_to(getpgrp());
  raise(SIGSTOP);
  if (has_terminal_ && owns_terminal()) give_terminal_to(pid_);
  kill(own_group_ ? -pid_ : pid_, SIGCONT);
}

bool Child::reap(ProgramEnd& end) {
  int status = 0;
  const pid_t pid = waitpid(pid_, &status, WNOHANG | (output_fd_ < 0 ? WUNTRACED : 0));
  if (pid != pid_) return false;
  if (WIFSTOPPED(status)) {
    // Without a group of its own: who stops the program by SIGSTOP also lets it go on, not us.
    if (has_terminal_ || (!own_group_ && WSTOPSIG(status) == SIGTSTP)) stop_with_child();
    return false;
  }
  if (has_terminal_) give_terminal_to(getpgrp());
  if (WIFSIGNALED(status)) {
    end = {ProgramEnd::Kind::Signaled, WTERMSIG(status), pid_};
  } else {
    end = {ProgramEnd::Kind::Exited, WEXITSTATUS(status), pid_};
  }
  ended_ = true;
  if (timed_out_) {
    kill(-pid_, SIGKILL);  // what the program left behind in its group
    end.kind = ProgramEnd::Kind::TimedOut;
  }
  return true;
}

void Child::forward(const siginfo_t& received) const {
  if (reached_child(received)) {
    if (ended_ && received.si_signo == SIGTSTP) raise(SIGSTOP);
    return;
  }
  if (ended_) {
    signal_children(received.si_signo);
    if (received.si_signo == SIGTSTP) raise(SIGSTOP);
  } else {
    kill(pid_, received.si_signo);
  }
}

void Child::drop_keys(const SignalScope& signals) const {
  constexpr timespec kNow{};
  siginfo_t received{};
  std::vector<int> kept;  // raised when none is left to take: they are ours
  for (int signal; (signal = sigtimedwait(&signals.watched(), &received, &kNow)) > 0;) {
    if (signal != SIGCHLD && !reached_child(received)) kept.push_back(signal);
  }
  for (const int signal : kept) raise(signal);
}

void Child::enforce_limit() {
  if (!spec_.limit || Clock::now() < deadline_ || killed_) return;
  if (timed_out_) {
    end_all(SIGKILL);
    killed_ = true;
    return;
  }
  timed_out_ = true;
  deadline_ = Clock::now() + kKillGrace;
  end_all(SIGTERM);
}

void Child::end_all(int signal) const {
  // The group's number may be another's once the program has been waited for.
  if (ended_) return signal_children(signal);
  kill(-pid_, signal);
  kill(-pid_, SIGCONT);  // a stopped program could not end
}

timespec Child::time_to_wait() const {
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline_ - Clock::now());
  const auto positive = std::max(left, std::chrono::nanoseconds{0}).count();
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return {positive / kNanosPerSecond, positive % kNanosPerSecond};
}

void Child::attend(const SignalScope& signals) {
  siginfo_t received{};
  const timespec left = time_to_wait();
  const bool bounded = spec_.limit && !killed_;
  const int signal = bounded ? sigtimedwait(&signals.watched(), &received, &left)
                             : sigwaitinfo(&signals.watched(), &received);
  if (signal > 0 && signal != SIGCHLD) forward(received);
  enforce_limit();
}

void Child::wait_for_rest(const SignalScope& signals, ProgramEnd& end) {
  while (!reap_children()) {
    // Each one that is killed may leave us children of its own.
    if (killed_) signal_children(SIGKILL);
    attend(signals);
  }
  if (timed_out_) end.kind = ProgramEnd::Kind::TimedOut;
}

ProgramEnd Child::wait(const SignalScope& signals) {
  ProgramEnd end;
  while (!reap(end)) attend(signals);
  if (spec_.follow_children) wait_for_rest(signals, end);
  drop_keys(signals);
  return end;
}

}  // namespace

ProgramEnd run_child(const ChildSpec& spec) {
  const SignalScope signals;
  const InheritanceScope inheritance(spec.follow_children);
  Child child(spec, -1);
  child.start(signals);
  return child.wait(signals);
}

Captured capture_child(ChildSpec spec, std::chrono::milliseconds limit) {
  // A file takes any amount of output without a reader, so one waiting loop is enough.
  const int output = memfd_create("hakmem-output", MFD_CLOEXEC);
  if (output < 0) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("no place for output: {}", strerror(errno)));
  }
  spec.limit = limit;
  Captured captured;
  try {
    const SignalScope signals;
    Child child(spec, output);
    child.start(signals);
    captured.end = child.wait(signals);
  } catch (...) {
    close(output);
    throw;
  }
  std::array<char, 65536> buffer;
  off_t offset = 0;
  for (ssize_t got; (got = pread(output, buffer.data(), buffer.size(), offset)) > 0;) {
    captured.output.append(buffer.data(), static_cast<std::size_t>(got));
    offset += got;
  }
  close(output);
  return captured;
}

}  // namespace hakmem::tools
