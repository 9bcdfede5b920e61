// posix_spawn, a pidfd with a time limit, wait4; see process.h.
#include "bench/harness/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "bench/workload/measure.h"

extern char** environ;

namespace hakmem::bench {
namespace {

/// A file in memory: the child's output cannot fill a pipe and stall it.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

  bool put(const std::string& text) const {
    const auto bytes = static_cast<ssize_t>(text.size());
    return write(descriptor_, text.data(), text.size()) == bytes &&
           lseek(descriptor_, 0, SEEK_SET) == 0;
  }

  std::string text() const {
    std::string all;
    char part[4096];
    lseek(descriptor_, 0, SEEK_SET);
    for (;;) {
      const ssize_t got = read(descriptor_, part, sizeof part);
      if (got <= 0) return all;
      all.append(part, static_cast<std::size_t>(got));
    }
  }

 private:
  int descriptor_;
};

std::vector<std::string> changed_environment(const EnvironmentChange& change) {
  std::vector<std::string> result;
  const auto is_named = [](const std::string& entry, const std::string& name) {
    return entry.size() > name.size() && entry[name.size()] == '=' &&
           entry.compare(0, name.size(), name) == 0;
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const bool dropped =
        std::any_of(change.unset.begin(), change.unset.end(),
                    [&](const std::string& name) { return is_named(text, name); }) ||
        std::any_of(change.set.begin(), change.set.end(), [&](const std::string& set) {
          return is_named(text, set.substr(0, set.find('=')));
        });
    if (!dropped) result.push_back(text);
  }
  result.insert(result.end(), change.set.begin(), change.set.end());
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

double seconds_ns(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

/// Waits for the end of `child`; after `timeout_s` kills it. True when it ended by itself.
bool ended_in_time(pid_t child, int timeout_s) {
  const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  if (pidfd < 0) return true;  // a kernel before 5.3: no limit, wait4 alone
  pollfd waiting{pidfd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&waiting, 1, timeout_s * 1000);
  } while (ready < 0 && errno == EINTR);
  close(pidfd);
  if (ready != 0) return true;
  kill(child, SIGKILL);
  return false;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of("\n ");
  if (end == std::string::npos) return "";
  const std::size_t start = text.rfind('\n', end);
  const std::size_t first = start == std::string::npos ? 0 : start + 1;
  return text.substr(first, end + 1 - first);
}

std::string describe_failure(int status, bool in_time, int timeout_s, const std::string& err) {
  std::string sentence;
  if (!in_time) {
    sentence = fmt::format("no end within {} s", timeout_s);
  } else if (WIFSIGNALED(status)) {
    sentence =
        fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    sentence = fmt::format("exit status {}", WEXITSTATUS(status));
  } else {
    return "";
  }
  const std::string detail = last_line(err);
  return detail.empty() ? sentence : sentence + ": " + detail;
}

}  // namespace

Outcome run_process(const Command& command, const EnvironmentChange& change, int timeout_s) {
  Outcome outcome;
  const MemoryFile in("in"), out("out"), err("err");
  if (in.descriptor() < 0 || out.descriptor() < 0 || err.descriptor() < 0 ||
      !in.put(command.stdin_text)) {
    outcome.failure = fmt::format("cannot make a memory file: {}", std::strerror(errno));
    return outcome;
  }
  std::vector<std::string> words = command.argv;
  std::vector<std::string> variables = changed_environment(change);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.descriptor(), STDERR_FILENO);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0].c_str(), &actions, nullptr,
                                 pointers(words).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    outcome.failure = fmt::format("cannot start {}: {}", words[0], std::strerror(error));
    return outcome;
  }
  const bool in_time = ended_in_time(child, timeout_s);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  outcome.wall_ns =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  outcome.cpu_ns = seconds_ns(usage.ru_utime) + seconds_ns(usage.ru_stime);
  const auto peak_kib = static_cast<std::uint64_t>(usage.ru_maxrss);
  outcome.peak_rss_kib = peak_kib > peak_rss_kib() ? peak_kib : 0;
  outcome.out = out.text();
  outcome.err = err.text();
  outcome.failure = describe_failure(status, in_time, timeout_s, outcome.err);
  return outcome;
}

}  // namespace hakmem::bench
