// What every stress program shares: random numbers, content stamps, a crash note, running itself.
// Included by the black-box programs of this folder; they know nothing of HAKMEM and run with any
// malloc that is preloaded. Invariant: nothing here allocates after a program's start, so that a
// check sees the allocator under test and not its own helper.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hakmem::stress {

/// Exit status of a test that could not check anything; CTest counts it as skipped.
inline constexpr int kExitSkipped = 77;

/// SplitMix64 (Steele, Lea, Flood 2014): one word of state, every seed is good.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// A number in [0, bound); bound must not be 0.
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }

 private:
  std::uint64_t state_;
};

/// The word that a stamp with `key` has at word `index`.
inline std::uint64_t stamp_word(std::uint64_t key, std::size_t index) noexcept {
  return (key + index) * 0xd6e8feb86659fd93ull ^ (key >> 17);
}

/// Fills `bytes` bytes at `block` with the pattern of `key`; every byte is written.
inline void stamp(void* block, std::size_t bytes, std::uint64_t key) noexcept {
  char* out = static_cast<char*>(block);
  std::size_t at = 0;
  for (; at + 8 <= bytes; at += 8) {
    const std::uint64_t word = stamp_word(key, at / 8);
    std::memcpy(out + at, &word, 8);
  }
  const std::uint64_t last = stamp_word(key, at / 8);
  std::memcpy(out + at, &last, bytes - at);
}

/// Offset of the first byte that differs from the stamp of `key`; `bytes` when all agree.
inline std::size_t first_damage(const void* block, std::size_t bytes, std::uint64_t key) noexcept {
  const char* in = static_cast<const char*>(block);
  std::size_t at = 0;
  std::uint64_t found = 0;
  for (; at + 8 <= bytes; at += 8) {
    std::memcpy(&found, in + at, 8);
    if (found != stamp_word(key, at / 8)) break;
  }
  // The word that differs, or the tail that is no whole word, byte by byte.
  for (; at < bytes; ++at) {
    const std::uint64_t word = stamp_word(key, at / 8);
    char expected[8];
    std::memcpy(expected, &word, sizeof expected);
    if (in[at] != expected[at % 8]) return at;
  }
  return bytes;
}

/// Hides a value from the optimiser, so that it neither folds a size nor removes an allocation.
template <class T>
[[gnu::noinline]] inline T opaque(T value) noexcept {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

/// Prints one line on standard error and ends the program with status 1.
[[noreturn, gnu::format(printf, 1, 2)]] inline void die(const char* format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  int length = std::vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  if (length < 0) length = 0;
  if (length > static_cast<int>(sizeof line) - 2) length = static_cast<int>(sizeof line) - 2;
  line[length] = '\n';
  if (write(STDERR_FILENO, line, static_cast<std::size_t>(length) + 1) < 0) _exit(2);
  _exit(1);
}

/// Path of the library under test: HAKMEM_STRESS_LIBRARY, or LD_PRELOAD; empty: none.
inline const char* subject_path() noexcept {
  const char* path = std::getenv("HAKMEM_STRESS_LIBRARY");
  if (path == nullptr) path = std::getenv("LD_PRELOAD");
  return path != nullptr ? path : "";
}

/// Ends the program as failed unless `symbol` comes from the library under test. The loader ignores
/// a library that it cannot preload; without this check such a test would pass on the C library.
inline void require_from_subject(const char* symbol, const void* function) {
  if (subject_path()[0] == '\0') return;
  char found[4096];
  char wanted[4096];
  Dl_info where = {};
  if (function == nullptr) die("no %s", symbol);
  if (dladdr(function, &where) == 0 || where.dli_fname == nullptr) die("%s is nowhere", symbol);
  if (realpath(where.dli_fname, found) == nullptr) die("no file %s", where.dli_fname);
  if (realpath(subject_path(), wanted) == nullptr) die("no file %s", subject_path());
  if (std::strcmp(found, wanted) != 0) die("%s comes from %s, not %s", symbol, found, wanted);
}

/// First statement of every program: malloc is the one under test.
inline void require_subject() { require_from_subject("malloc", dlsym(RTLD_DEFAULT, "malloc")); }

namespace detail {
inline char crash_note[512];
inline struct sigaction old_action[NSIG];

inline void on_fatal_signal(int signal) noexcept {
  if (write(STDERR_FILENO, crash_note, std::strlen(crash_note)) < 0) _exit(2);
  // The previous handler (the allocator's crash report, or the default) sees the fault again.
  sigaction(signal, &old_action[signal], nullptr);
}
}  // namespace detail

/// From here on, a fatal signal first prints `FATAL SIGNAL, replay: <command>` on its own stack.
inline void note_on_crash(const char* replay_command) noexcept {
  static char signal_stack[64 * 1024];
  std::snprintf(detail::crash_note, sizeof detail::crash_note, "FATAL SIGNAL, replay: %s\n",
                replay_command);
  stack_t stack = {};
  stack.ss_sp = signal_stack;
  stack.ss_size = sizeof signal_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = detail::on_fatal_signal;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    sigaction(signal, &action, &detail::old_action[signal]);
  }
}

/// Runs this program again with `arguments` (NULL-terminated, without the name); returns the
/// status of waitpid. Standard streams are shared.
inline int run_self(const char* const* arguments) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) die("FAIL fork: %s", std::strerror(errno));
  if (child == 0) {
    const char* argv[32] = {"/proc/self/exe"};
    for (std::size_t i = 0; arguments[i] != nullptr && i + 2 < 32; ++i) argv[i + 1] = arguments[i];
    execv("/proc/self/exe", const_cast<char* const*>(argv));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) die("FAIL waitpid: %s", std::strerror(errno));
  }
  return status;
}

/// How a block must be aligned: to 16, as glibc has it for all sizes; another malloc may align it
/// for the objects that fit into it (C23, 7.24.3).
inline std::size_t alignment_due(std::size_t bytes, bool foreign) noexcept {
  if (!foreign || bytes >= 16) return 16;
  return bytes >= 8 ? 8 : bytes >= 4 ? 4 : bytes >= 2 ? 2 : 1;
}

/// Value after `--name` on the command line, or `fallback`.
inline const char* text_option(int argc, char** argv, const char* name, const char* fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return fallback;
}

inline std::uint64_t number_option(int argc, char** argv, const char* name,
                                   std::uint64_t fallback) {
  const char* text = text_option(argc, argv, name, nullptr);
  if (text == nullptr) return fallback;
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') die("bad number for %s: %s", name, text);
  return value;
}

inline bool has_option(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return true;
  }
  return false;
}

}  // namespace hakmem::stress
