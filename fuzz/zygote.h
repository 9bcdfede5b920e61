// A process that was forked before the fuzzer began, and forks a child for each input: the child
// ends by exit() like a program, which runs the allocator's sweep and no handler of the fuzzer's.
// Called by misuse_fuzz.cc. Invariant: one input at a time; what a child wrote is read before the
// next begins.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "property_tests/ops/table.h"

namespace hakmem::fuzz {

/// How the child of one input ended.
struct ChildEnd {
  int status = 0;      ///< of waitpid
  std::string errors;  ///< its standard error
};

class Zygote {
 public:
  static constexpr std::size_t kInputMax = 1u << 20;

  /// Starts it: `body` is what a child does with an input; it ends the process.
  explicit Zygote(void (*body)(const std::uint8_t*, std::size_t)) : body_(body) {
    errors_ = memfd_create("errors", MFD_CLOEXEC);
    if (errors_ < 0 || pipe(requests_) != 0 || pipe(answers_) != 0) std::abort();
    const pid_t zygote = fork();
    if (zygote < 0) std::abort();
    if (zygote == 0) serve();
    close(requests_[0]);
    close(answers_[1]);
  }

  ChildEnd run(const std::uint8_t* data, std::size_t size) {
    size = std::min(size, kInputMax);
    std::memcpy(input_.begin(), data, size);
    if (ftruncate(errors_, 0) != 0 || lseek(errors_, 0, SEEK_SET) != 0) std::abort();
    ChildEnd end;
    const bool answered = write(requests_[1], &size, sizeof size) == sizeof size &&
                          read(answers_[0], &end.status, sizeof end.status) == sizeof end.status;
    if (!answered) std::abort();
    char buffer[4096];
    off_t at = 0;
    for (ssize_t got; (got = pread(errors_, buffer, sizeof buffer, at)) > 0; at += got) {
      end.errors.append(buffer, static_cast<std::size_t>(got));
    }
    return end;
  }

 private:
  [[noreturn]] void serve() {
    close(requests_[1]);
    close(answers_[0]);
    std::size_t size;
    while (read(requests_[0], &size, sizeof size) == sizeof size) {
      int status = -1;
      const pid_t child = fork();
      if (child == 0) {
        dup2(errors_, STDERR_FILENO);
        body_(input_.begin(), size);
        std::abort();
      }
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      if (write(answers_[1], &status, sizeof status) != sizeof status) break;
    }
    _exit(0);  // the fuzzer is gone
  }

  void (*body_)(const std::uint8_t*, std::size_t);
  ops::Table<std::uint8_t> input_{kInputMax, true};
  int errors_ = -1;
  int requests_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
};

}  // namespace hakmem::fuzz
