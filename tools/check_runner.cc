#include "tools/check_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/environment.h"

namespace hakmem::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTellingLinesMax = 40;
constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};

/// Variables that would change what a check does.
constexpr std::array kTakenAway = {"LD_PRELOAD=",  "HAKMEM_OPTIONS=", "HAKMEM_INTEGRITY_LEVEL=",
                                   "HAKMEM_STRESS_LIBRARY=", "RC_PARAMS="};

std::string quoted(const std::string& word) {
  const bool plain =
      !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_-./=:,+@%") == std::string::npos;
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}

std::vector<std::string> environment_of(const PlannedCheck& planned) {
  std::vector<std::string> environment = current_environment();
  std::erase_if(environment, [](const std::string& variable) {
    return std::any_of(kTakenAway.begin(), kTakenAway.end(),
                       [&](const char* name) { return variable.starts_with(name); });
  });
  for (const std::string& variable : planned.environment) {
    const std::size_t equals = variable.find('=');
    set_variable(environment, variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment;
}

std::vector<char*> argument_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t got; (got = pread(file, buffer.data(), buffer.size(),
                                 static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// A check that runs.
struct Running {
  std::size_t index = 0;  ///< in the plan
  pid_t pid = -1;
  int handle = -1;  ///< pidfd
  int output = -1;  ///< a file in memory: takes any amount without a reader
  Clock::time_point begin, deadline;
  bool timed_out = false;
};

/// Holds the signals that stop the gate, as a file to poll.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    for (const int signal : kStopSignals) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
    file_ = signalfd(-1, &set_, SFD_CLOEXEC);
  }
  ~StopSignals() {
    close(file_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  int file() const { return file_; }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t set_, before_;
  int file_ = -1;
};

Running start(const PlannedCheck& planned, std::size_t index, const StopSignals& signals) {
  Running run;
  run.index = index;
  run.output = memfd_create("hakmem-check", MFD_CLOEXEC);
  const std::vector<std::string> environment = environment_of(planned);
  const std::vector<char*> variables = argument_pointers(environment);
  const std::vector<char*> words = argument_pointers(planned.argv);
  run.begin = Clock::now();
  run.deadline = run.begin + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(planned.limit_seconds));
  run.pid = run.output < 0 ? -1 : fork();
  if (run.pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(run.output, STDOUT_FILENO);
    dup2(run.output, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, &signals.before(), nullptr);
    execve(words[0], words.data(), variables.data());
    dprintf(STDERR_FILENO, "FAIL %s cannot be executed: %s\n", words[0], strerror(errno));
    _exit(exit_code::kNotExecutable);
  }
  if (run.pid > 0) {
    setpgid(run.pid, run.pid);
    run.handle = static_cast<int>(syscall(SYS_pidfd_open, run.pid, 0));
  }
  if (run.pid < 0 || run.handle < 0) {
    throw CommandError(exit_code::kHakmemFailed, fmt::format("no process: {}", strerror(errno)));
  }
  return run;
}

void judge(GateCheck& check, const Running& run, int status, const std::string& output,
           double limit_seconds) {
  check.state = CheckState::Failed;
  if (run.timed_out) {
    check.reason = fmt::format("hangs: had not ended after {:.0f} s\n", limit_seconds);
  } else if (WIFSIGNALED(status)) {
    check.reason = fmt::format("ended by signal {} ({})\n", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) == kCheckSkipped) {
    check.state = CheckState::Skipped;
  } else if (WEXITSTATUS(status) == 0) {
    check.state = CheckState::Passed;
    return;
  } else if (output.empty()) {
    check.reason = fmt::format("exit status {}", WEXITSTATUS(status));
  }
  const std::string told = telling_lines(output);
  check.reason = check.reason.empty() || told.empty() ? check.reason + told : check.reason + told;
}

void kill_all(std::vector<Running>& running) {
  for (Running& run : running) {
    kill(-run.pid, SIGKILL);
    waitpid(run.pid, nullptr, 0);
    close(run.handle);
    close(run.output);
  }
  running.clear();
}

/// Waits until a check ends, its time is up, or the gate is to stop; returns the signal of the
/// latter, or 0.
int wait_for_any(std::vector<Running>& running, const StopSignals& signals) {
  std::vector<pollfd> files = {{signals.file(), POLLIN, 0}};
  Clock::time_point next = Clock::time_point::max();
  for (const Running& run : running) {
    files.push_back({run.handle, POLLIN, 0});
    if (!run.timed_out) next = std::min(next, run.deadline);
  }
  int timeout_ms = -1;
  if (next != Clock::time_point::max()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count();
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
  }
  poll(files.data(), files.size(), timeout_ms);
  signalfd_siginfo info{};
  if ((files[0].revents & POLLIN) != 0 && read(signals.file(), &info, sizeof info) > 0) {
    return static_cast<int>(info.ssi_signo);
  }
  for (Running& run : running) {
    if (run.timed_out || Clock::now() < run.deadline) continue;
    run.timed_out = true;
    kill(-run.pid, SIGKILL);
  }
  return 0;
}

/// Takes those that ended out of `running`.
void collect(std::vector<Running>& running, const std::vector<PlannedCheck>& plan,
             std::vector<std::vector<GateCheck>>& done,
             const std::function<void(const GateCheck&)>& on_done) {
  for (std::size_t i = 0; i < running.size();) {
    Running& run = running[i];
    int status = 0;
    if (waitpid(run.pid, &status, WNOHANG) != run.pid) {
      ++i;
      continue;
    }
    kill(-run.pid, SIGKILL);  // what it left behind in its group
    const PlannedCheck& planned = plan[run.index];
    GateCheck check = planned.check;
    check.seconds = std::chrono::duration<double>(Clock::now() - run.begin).count();
    check.command = shell_command(planned);
    const std::string output = read_all(run.output);
    judge(check, run, status, output, planned.limit_seconds);
    close(run.handle);
    close(run.output);
    std::vector<GateCheck>& place = done[run.index];
    if (check.state == CheckState::Passed && planned.figures) place = planned.figures(output);
    if (place.size() == 1) place.front().seconds = check.seconds;
    if (place.empty()) place.push_back(std::move(check));
    for (const GateCheck& one : place) on_done(one);
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

std::string shell_command(const PlannedCheck& planned) {
  std::string text;
  for (const std::string& variable : planned.environment) {
    const std::size_t equals = variable.find('=');
    text += variable.substr(0, equals + 1) + quoted(variable.substr(equals + 1)) + ' ';
  }
  for (const std::string& word : planned.argv) text += quoted(word) + ' ';
  text.pop_back();
  return text;
}

std::string telling_lines(const std::string& output) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    lines.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  const auto says = [](const std::string& line) {
    return line.starts_with("FAIL") || line.starts_with("SKIPPED") ||
           line.starts_with("Falsifiable") ||
           line.find("HAKMEM ━━") != std::string::npos;
  };
  auto first = std::find_if(lines.begin(), lines.end(), says);
  if (first == lines.end()) {
    first = lines.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(lines.size(), 10));
  }
  std::string text;
  for (std::size_t n = 0; first != lines.end() && n < kTellingLinesMax; ++first, ++n) {
    text += *first + '\n';
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::vector<GateCheck> run_checks(const std::vector<PlannedCheck>& plan, unsigned jobs,
                                  const std::function<void(const GateCheck&)>& on_done) {
  const StopSignals signals;
  std::vector<Running> running;
  std::vector<std::vector<GateCheck>> done(plan.size());
  for (std::size_t next = 0; next < plan.size() || !running.empty();) {
    const auto may_start = [&] {
      if (next == plan.size()) return false;
      const bool alone = !running.empty() && plan[running.front().index].serial;
      return running.empty() || (!alone && !plan[next].serial && running.size() < jobs);
    };
    for (; may_start(); ++next) running.push_back(start(plan[next], next, signals));
    const int signal = wait_for_any(running, signals);
    if (signal != 0) {
      kill_all(running);
      throw CommandError(128 + signal, fmt::format("stopped by signal {}", signal));
    }
    collect(running, plan, done, on_done);
  }
  std::vector<GateCheck> checks;
  for (std::vector<GateCheck>& some : done) {
    checks.insert(checks.end(), some.begin(), some.end());
  }
  return checks;
}

}  // namespace hakmem::tools
