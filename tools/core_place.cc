#include "tools/core_place.h"

#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

std::string line_of(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// True when `name` fits `pattern`, in which %p is `pid`, %% a percent sign, and any other letter
/// behind a percent sign stands for anything.
bool fits(const char* pattern, const char* name, const std::string& pid) {
  for (; *pattern != '\0'; ++pattern, ++name) {
    if (*pattern != '%' || pattern[1] == '\0') {
      if (*pattern != *name) return false;
      continue;
    }
    const char letter = *++pattern;
    if (letter == '%') {
      if (*name != '%') return false;
    } else if (letter == 'p') {
      if (pid.compare(0, pid.size(), name, std::min(pid.size(), std::string(name).size())) != 0) {
        return false;
      }
      name += pid.size() - 1;
    } else {
      for (const char* rest = name;; ++rest) {
        if (fits(pattern + 1, rest, pid)) return true;
        if (*rest == '\0') return false;
      }
    }
  }
  return *name == '\0';
}

fs::path place_of_cores(const CoreSettings& settings) {
  const fs::path pattern = settings.pattern;
  return pattern.is_absolute() ? pattern : settings.folder / pattern;
}

}  // namespace

CoreSettings core_settings() {
  CoreSettings settings;
  settings.pattern = line_of("/proc/sys/kernel/core_pattern");
  settings.appends_pid = line_of("/proc/sys/kernel/core_uses_pid") == "1";
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) == 0) settings.limit_bytes = limit.rlim_cur;
  std::error_code error;
  settings.folder = fs::current_path(error);
  return settings;
}

void allow_cores() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
}

std::optional<fs::path> find_core(const CoreSettings& settings, pid_t pid,
                                  fs::file_time_type since) {
  if (settings.pattern.empty() || settings.pattern.front() == '|') return std::nullopt;
  const fs::path place = place_of_cores(settings);
  std::string name = place.filename().string();
  const std::string pid_text = std::to_string(pid);
  if (settings.appends_pid && name.find("%p") == std::string::npos) name += ".%p";
  std::optional<fs::path> found;
  fs::file_time_type newest = since;
  std::error_code error;
  for (fs::directory_iterator entry(place.parent_path(), error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (!fits(name.c_str(), entry->path().filename().c_str(), pid_text)) continue;
    const fs::file_time_type written = entry->last_write_time(unreadable);
    if (unreadable || !entry->is_regular_file(unreadable) || written < newest) continue;
    newest = written;
    found = entry->path();
  }
  return found;
}

std::string why_no_core(const CoreSettings& settings) {
  if (settings.limit_bytes == 0) {
    return "no core was left: the limit on their size is 0 and may not be raised (ulimit -Hc)";
  }
  if (settings.pattern.empty()) {
    return "no core was left: /proc/sys/kernel/core_pattern is empty or cannot be read";
  }
  if (settings.pattern.front() == '|') {
    const std::string program = settings.pattern.substr(1, settings.pattern.find(' ') - 1);
    const bool systemd = program.find("systemd-coredump") != std::string::npos;
    return fmt::format("the core went to {} (core_pattern){}", program,
                       systemd ? "; `coredumpctl dump -o FILE PID` brings it back" : "");
  }
  const fs::path place = place_of_cores(settings);
  const std::string folder = place.parent_path().string();
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return fmt::format("no core was left: the folder {} cannot be written (core_pattern is {})",
                       folder, settings.pattern);
  }
  return fmt::format("no core is at {}; a program that changed its folder left it there",
                     place.string());
}

}  // namespace hakmem::tools
