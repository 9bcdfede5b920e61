// The malloc API's semantics, black box: about 190 named checks, each in a child process.
//   api_semantics [--list] [--only NAME] [--here] [--foreign]
// Prints `ok NAME`, `FAIL NAME: why` or `SKIPPED NAME: why`; exit status 1 after a failure or when
// nothing ran, 77 when all was skipped. --here runs the one case in this process, for a debugger.
// Called by CTest and by `hakmem gate --target` with any preloaded malloc.
// Invariant: a case that hangs is ended after kCaseSeconds and named.
#include "api_case.h"

#include <dlfcn.h>

namespace hakmem::stress {

Case cases[kCaseMax];
std::size_t case_count = 0;

namespace {

constexpr unsigned kCaseSeconds = 60;
bool foreign = false;

struct Outcome {
  int status = 0;
  char text[4096] = {};
};

/// Runs one case in a child; standard error is kept as the reason of a failure.
void run_child(const Case& which, Outcome& outcome) {
  int ends[2];
  if (pipe(ends) != 0) die("FAIL pipe: %s", std::strerror(errno));
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) die("FAIL fork: %s", std::strerror(errno));
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    alarm(kCaseSeconds);
    errno = 0;  // what a case finds there, the allocator put there
    which.run();
    _exit(0);
  }
  close(ends[1]);
  std::size_t length = 0;
  for (;;) {
    char rest[512];
    const std::size_t room = sizeof outcome.text - 1 - length;
    const ssize_t got =
        room > 0 ? read(ends[0], outcome.text + length, room) : read(ends[0], rest, sizeof rest);
    if (got <= 0) break;
    if (room > 0) length += static_cast<std::size_t>(got);
  }
  outcome.text[length] = '\0';
  close(ends[0]);
  while (waitpid(child, &outcome.status, 0) < 0 && errno == EINTR) {
  }
}

enum class Verdict : unsigned char { Ok, Failed, Skipped };

Verdict judge(const Case& which) {
  static Outcome outcome;
  outcome = Outcome{};
  run_child(which, outcome);
  // One line each; a report keeps its further lines behind it.
  std::size_t length = std::strlen(outcome.text);
  if (length > 0 && outcome.text[length - 1] == '\n') outcome.text[--length] = '\0';
  const int status = outcome.status;
  if (status == 0) {
    std::printf("ok %s\n", which.name);
    return Verdict::Ok;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitSkipped) {
    std::printf("SKIPPED %s: %s\n", which.name, outcome.text);
    return Verdict::Skipped;
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    std::printf("FAIL %s: hangs, ended after %u s %s\n", which.name, kCaseSeconds, outcome.text);
  } else if (WIFSIGNALED(status)) {
    std::printf("FAIL %s: ended by signal %d (%s) %s\n", which.name, WTERMSIG(status),
                strsignal(WTERMSIG(status)), outcome.text);
  } else {
    std::printf("FAIL %s: status %d: %s\n", which.name, WEXITSTATUS(status), outcome.text);
  }
  return Verdict::Failed;
}

}  // namespace

void skip_case(const char* format, ...) {
  va_list args;
  va_start(args, format);
  std::vfprintf(stderr, format, args);
  va_end(args);
  std::fflush(stderr);
  _exit(kExitSkipped);
}

bool has_subject() noexcept { return subject_path()[0] != '\0'; }

bool is_foreign() noexcept { return foreign; }

void* function_named(const char* name) {
  void* function = dlsym(RTLD_DEFAULT, name);
  if (function == nullptr && (!has_subject() || foreign)) skip_case("nothing has %s here", name);
  HAK_EXPECT(function != nullptr, "no %s", name);
  return function;
}

}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  foreign = has_option(argc, argv, "--foreign");
  const char* only = text_option(argc, argv, "--only", nullptr);
  const bool list = has_option(argc, argv, "--list");
  int counts[3] = {};
  for (std::size_t i = 0; i < case_count; ++i) {
    if (only != nullptr && std::strcmp(only, cases[i].name) != 0) continue;
    if (list) {
      std::puts(cases[i].name);
    } else if (only != nullptr && has_option(argc, argv, "--here")) {
      errno = 0;
      cases[i].run();
      return 0;
    } else {
      ++counts[static_cast<int>(judge(cases[i]))];
      std::fflush(stdout);
    }
  }
  if (list) return 0;
  std::printf("%d ok, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
  if (counts[0] == 0 && counts[1] == 0 && counts[2] > 0) return kExitSkipped;
  return counts[0] > 0 && counts[1] == 0 ? 0 : 1;
}
