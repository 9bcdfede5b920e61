// See callgrind.h.
#include "bench/harness/callgrind.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "bench/harness/process.h"

namespace hakmem::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kValgrindLimitS = 300;
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";  // fixed by the x86-64 psABI
constexpr std::string_view kLabelPrefix = "desc: Trigger: Client Request: ";

/// A directory for the dumps, removed with them.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (fs::temp_directory_path() / "hakmem-counts-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::uint64_t cost_of(const CallgrindDump& dump, const std::string& library,
                      const std::string& program) {
  std::uint64_t sum = 0;
  for (const auto& [object, cost] : dump.self_by_object) {
    if (library.empty() ? object != program : object == library) sum += cost;
  }
  return sum;
}

/// Splits "NAME n".
std::pair<std::string, std::uint64_t> split_label(const std::string& label) {
  const std::size_t blank = label.rfind(' ');
  if (blank == std::string::npos)
    throw std::runtime_error("dump label '" + label + "' has no count");
  return {label.substr(0, blank), std::strtoull(label.c_str() + blank, nullptr, 10)};
}

}  // namespace

CallgrindDump parse_callgrind(const std::string& text) {
  CallgrindDump dump;
  std::string object;
  bool next_is_inclusive = false;  // the line after "calls=" holds the callee's cost, not ours
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(kLabelPrefix, 0) == 0) {
      dump.label = line.substr(kLabelPrefix.size());
    } else if (line.rfind("ob=", 0) == 0) {
      object = line.substr(3);
    } else if (line.rfind("calls=", 0) == 0) {
      next_is_inclusive = true;
    } else if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0])) != 0) {
      const std::size_t blank = line.find(' ');
      if (!next_is_inclusive && blank != std::string::npos) {
        dump.self_by_object[object] += std::strtoull(line.c_str() + blank, nullptr, 10);
      }
      next_is_inclusive = false;
    }
  }
  return dump;
}

std::vector<OperationCount> counts_from_dumps(const std::vector<CallgrindDump>& dumps,
                                              const std::string& library,
                                              const std::string& program) {
  std::vector<OperationCount> counts;
  for (std::size_t i = 0; i < dumps.size(); i += 2) {
    const auto [name, count] = split_label(dumps[i].label);
    if (i + 1 == dumps.size() || count == 0 ||
        split_label(dumps[i + 1].label) != std::pair(name, 2 * count)) {
      throw std::runtime_error("dump '" + dumps[i].label + "' has no partner of twice its count");
    }
    const auto less = static_cast<double>(cost_of(dumps[i], library, program));
    const auto more = static_cast<double>(cost_of(dumps[i + 1], library, program));
    counts.push_back({name, (more - less) / static_cast<double>(count)});
  }
  return counts;
}

std::vector<OperationCount> count_instructions(const std::string& program,
                                               const std::string& library) {
  const ScratchDirectory scratch;
  const std::string out = (scratch.path() / "dump").string();
  // The loader is what valgrind runs: a preload from the environment would also go into valgrind's
  // own launcher, a shell script. Binding now keeps the symbol look-up out of the counts.
  const EnvironmentChange change{{"LD_BIND_NOW=1"},
                                 {"LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL", "HAKMEM_OPTIONS"}};
  Command command{{"valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
                   "--dump-line=no", "--callgrind-out-file=" + out, kLoader},
                  ""};
  if (!library.empty()) {
    command.argv.emplace_back("--preload");
    command.argv.push_back(library);
  }
  command.argv.push_back(program);
  const Outcome outcome = run_process(command, change, kValgrindLimitS);
  if (!outcome.failure.empty()) throw std::runtime_error("valgrind: " + outcome.failure);
  std::vector<CallgrindDump> dumps;
  for (int number = 1;; ++number) {
    const fs::path part = fmt::format("{}.{}", out, number);
    std::error_code error;
    if (!fs::exists(part, error)) break;
    CallgrindDump dump = parse_callgrind(read_file(part));
    if (!dump.label.empty()) dumps.push_back(std::move(dump));
  }
  std::vector<OperationCount> counts = counts_from_dumps(dumps, library, program);
  if (counts.empty()) throw std::runtime_error("callgrind wrote no dump");
  for (const OperationCount& count : counts) {
    if (count.instructions <= 0) {
      throw std::runtime_error(fmt::format("{}: no instruction of {} was counted", count.operation,
                                           library.empty() ? "the C library" : library));
    }
  }
  return counts;
}

}  // namespace hakmem::bench
