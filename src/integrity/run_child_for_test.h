// Runs a piece of a test in a child process and keeps what it wrote to standard error.
// Called by the tests of the report, whose subject ends its process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace hakmem {

struct ChildRun {
  std::string errors;  ///< standard error
  int status = -1;     ///< of waitpid

  bool exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  bool says(std::string_view text) const { return errors.find(text) != std::string::npos; }
};

/// Forks, runs `body` in the child with standard error in a pipe, and exits it with 0.
template <class Body>
ChildRun run_child(Body body) {
  ChildRun run;
  int ends[2];
  if (pipe(ends) != 0) return run;
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    body();
    _exit(0);
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    run.errors.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  waitpid(child, &run.status, 0);
  return run;
}

inline std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++count) ++at;
  return count;
}

/// A folder of its own for a test, removed with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hakmem_test.XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TestFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hakmem
