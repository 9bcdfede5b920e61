// Which allocators take part: HAKMEM at some level, any library by path, and the known peers.
// Called by bench_command. Invariant: a name that cannot be served is an error with a sentence,
// never a run with another allocator than the one asked for.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hakmem::bench {

struct Subject {
  std::string name;     // short, as printed in tables
  std::string library;  // absolute path to preload; empty: the C library's own malloc
  bool is_ours;         // its failure fails the whole run
  std::vector<std::string> wrapper{};   // a program that runs the program, with its arguments
  std::vector<std::string> settings{};  // "NAME=value"
  bool once = false;    // so slow that one round must do
};

/// The sentence to print and the exit code to end with.
class BenchError : public std::runtime_error {
 public:
  BenchError(int exit_code, const std::string& sentence)
      : std::runtime_error(sentence), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

inline constexpr int kExitBadOption = 64;
inline constexpr int kExitBenchFailed = 125;

/// Names that --against takes, in the order in which they run by default.
const std::vector<std::string>& peer_names();

/// Throws BenchError 64 for an unknown name; nullopt (and the Debian package in `missing_package`)
/// when the library is not installed.
std::optional<Subject> find_peer(std::string_view name, std::string& missing_package);

/// Other checkers of heap use that need no recompilation, for what checking costs; null and the
/// Debian package when one is not installed. In the order in which they run.
struct Checker {
  std::string name;
  std::optional<Subject> subject;
  std::string package;
};
std::vector<Checker> find_checkers();

/// `text` is a level 0-4 or the path of a library; `tool_dir` is the directory of the running tool.
Subject find_subject(const std::string& text, const std::string& tool_dir);

/// The workload binary: beside the tool, or where an installed package keeps it.
std::string find_workload_binary(const std::string& tool_dir);

}  // namespace hakmem::bench
