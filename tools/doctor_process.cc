// `hakmem doctor PID`: what can be said of a running process from /proc alone.

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "tools/doctor_checks.h"
#include "tools/library_path.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

/// The libraries of ours among the mapped files, and the number of mappings.
struct MappedLibraries {
  std::size_t mappings = 0;
  std::string path;  ///< of the highest level
  std::optional<int> level;
};

MappedLibraries read_maps(std::ifstream& maps) {
  MappedLibraries seen;
  for (std::string line; std::getline(maps, line);) {
    ++seen.mappings;
    const std::size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    std::string path = line.substr(slash);
    constexpr std::string_view kDeleted = " (deleted)";
    if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
    const auto level = level_of_library(fs::path(path).filename().string());
    if (level && (!seen.level || *level > *seen.level)) {
      seen.level = level;
      seen.path = path;
    }
  }
  return seen;
}

/// "12345 kB" of a line of /proc/PID/status; empty for a kernel thread.
std::string status_field(const fs::path& status, const std::string& name) {
  std::ifstream in(status);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

std::vector<CheckResult> check_process(const fs::path& proc, pid_t pid) {
  const fs::path folder = proc / std::to_string(pid);
  const std::string what = fmt::format("process {}", pid);
  std::error_code error;
  if (!fs::exists(folder, error)) {
    return {{Health::Fail, what, "there is none", "ps -e lists what runs"}};
  }
  std::ifstream maps(folder / "maps");
  const MappedLibraries seen = read_maps(maps);
  if (seen.mappings == 0) {
    return {{Health::Fail, what, "its mappings cannot be read",
             "run as its user or as root (kernel threads have none)"}};
  }
  std::vector<CheckResult> results;
  if (seen.level) {
    results.push_back(
        {Health::Ok, what, fmt::format("runs on level {}, {}", *seen.level, seen.path), ""});
  } else {
    results.push_back({Health::Fail, what,
                       "has no HAKMEM library (" + first_line(folder / "comm") + ")",
                       "start it with hakmem run, or LD_PRELOAD=$(hakmem lib --level N)"});
  }
  const fs::path status = folder / "status";
  results.push_back(
      {Health::Ok, "resident memory",
       fmt::format("now {}, peak {}", status_field(status, "VmRSS"), status_field(status, "VmHWM")),
       ""});
  const std::string limit = first_line(proc / "sys/vm/max_map_count");
  const auto limit_count = static_cast<std::size_t>(std::atol(limit.c_str()));
  CheckResult mappings{Health::Ok, "mappings", fmt::format("{} of {}", seen.mappings, limit), ""};
  if (limit_count != 0 && seen.mappings > limit_count / 10 * 9) {
    mappings.health = Health::Warn;
    mappings.remedy = "sysctl vm.max_map_count: near the limit munmap and mprotect begin to fail";
  }
  results.push_back(mappings);
  return results;
}

}  // namespace hakmem::tools
