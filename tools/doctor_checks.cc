#include "tools/doctor_checks.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/nearest.h"
#include "tools/option_list.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kProbeLimit{20'000};
constexpr long kDefaultMapCount = 65'530;  // the kernel's default of vm.max_map_count
constexpr rlim_t kMebibyte = 1u << 20;

std::string one_line(std::string text) {
  constexpr std::size_t kShown = 160;
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text.size() > kShown ? text.substr(0, kShown) + "…" : text;
}

std::string end_text(const ProgramEnd& end) {
  switch (end.kind) {
    case ProgramEnd::Kind::Signaled:
      return fmt::format("killed by signal {}", end.value);
    case ProgramEnd::Kind::TimedOut:
      return "hung";
    case ProgramEnd::Kind::Exited:
      break;
  }
  return fmt::format("exit status {}", end.value);
}

}  // namespace

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

CheckResult check_library(int level) {
  CheckResult result;
  result.what = fmt::format("library of level {}", level);
  const auto library = find_library(tool_directory(), level);
  if (!library) {
    return {Health::Fail, result.what, library_file_name(level) + " not found",
            "build it with ci/hakmem, or reinstall"};
  }
  // The loader only warns about a library that it cannot use, so the map of the process decides.
  ChildSpec probe;
  probe.file = "/bin/cat";
  probe.args = {"cat", "/proc/self/maps"};
  probe.environment = current_environment();
  set_variable(probe.environment, "LD_PRELOAD", library->string());
  set_variable(probe.environment, "HAKMEM_INTEGRITY_LEVEL", std::to_string(level));
  set_variable(probe.environment, "HAKMEM_OPTIONS", "");
  const Captured seen = capture_child(probe, kProbeLimit);
  if (seen.end.kind != ProgramEnd::Kind::Exited || seen.end.value != 0) {
    return {Health::Fail, result.what,
            fmt::format("{}: /bin/cat under it ended with {}: {}", library->string(),
                        end_text(seen.end), one_line(seen.output)),
            "rebuild it; if that does not help, please report it"};
  }
  if (seen.output.find(library->filename().string()) == std::string::npos) {
    return {Health::Fail, result.what,
            fmt::format("{} was not loaded: {}", library->string(), one_line(seen.output)),
            "install the libraries it needs (ldd names them)"};
  }
  result.detail = library->string();
  return result;
}

CheckResult check_symbolizer(const fs::path& folder) {
  const char* remedy = "apt-get install llvm";
  for (const char* suffix : {"", "-19", "-18", "-17", "-16", "-15", "-14"}) {
    const fs::path program = folder / (std::string("llvm-symbolizer") + suffix);
    if (access(program.c_str(), X_OK) == 0) return {Health::Ok, "symbolizer", program.string(), ""};
  }
  const fs::path substitute = folder / "addr2line";
  if (access(substitute.c_str(), X_OK) == 0) {
    return {Health::Warn, "symbolizer", substitute.string() + " stands in for llvm-symbolizer",
            remedy};
  }
  return {Health::Warn, "symbolizer", "none; reports have raw addresses only", remedy};
}

CheckResult check_unwinder() {
  void* library = dlopen("libunwind.so.8", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    return {Health::Warn, "unwinder", "no libunwind.so.8; level 4 unwinds ten times slower",
            "apt-get install libunwind8"};
  }
  dlclose(library);
  return {Health::Ok, "unwinder", "libunwind.so.8", ""};
}

CheckResult check_overcommit() {
  const std::string mode = first_line("/proc/sys/vm/overcommit_memory");
  if (mode == "2") {
    return {Health::Warn, "overcommit",
            "strict (vm.overcommit_memory=2): nothing is reserved ahead",
            "works, but slower; sysctl vm.overcommit_memory=0 gives the usual mode"};
  }
  return {Health::Ok, "overcommit", mode.empty() ? "unknown" : "vm.overcommit_memory=" + mode, ""};
}

CheckResult check_address_space_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    return {Health::Warn, "address space",
            fmt::format("limited to {} MiB (ulimit -v); level 4 needs room for its records",
                        limit.rlim_cur / kMebibyte),
            "ulimit -v unlimited, if the limit is not meant"};
  }
  return {Health::Ok, "address space", "unlimited", ""};
}

CheckResult check_mapping_limit() {
  const std::string text = first_line("/proc/sys/vm/max_map_count");
  const long count = std::atol(text.c_str());
  if (count > 0 && count < kDefaultMapCount) {
    return {Health::Warn, "mappings", fmt::format("at most {} (vm.max_map_count)", count),
            fmt::format("sysctl vm.max_map_count={}", kDefaultMapCount)};
  }
  return {Health::Ok, "mappings", text.empty() ? "unknown" : "vm.max_map_count=" + text, ""};
}

CheckResult check_huge_pages() {
  const std::string modes = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  if (modes.find("[never]") != std::string::npos) {
    return {Health::Warn, "huge pages", "never given; large heaps are slower at level 0",
            "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
  }
  return {Health::Ok, "huge pages", modes.empty() ? "not in this kernel" : modes, ""};
}

CheckResult check_ptrace() {
  const std::string scope = first_line("/proc/sys/kernel/yama/ptrace_scope");
  if (scope == "2" || scope == "3") {
    return {Health::Warn, "debugger", "gdb may not attach (ptrace_scope=" + scope + ")",
            "sysctl kernel.yama.ptrace_scope=1, or start the program under gdb as root"};
  }
  return {Health::Ok, "debugger", scope.empty() ? "no restriction" : "ptrace_scope=" + scope, ""};
}

CheckResult check_core_files() {
  const std::string pattern = first_line("/proc/sys/kernel/core_pattern");
  rlimit limit{};
  const bool off = getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0;
  if (pattern.starts_with("|")) {
    return {Health::Ok, "core files", "given to " + pattern.substr(1), ""};
  }
  return {Health::Ok, "core files",
          off ? "not written (ulimit -c unlimited to have them)" : "written as " + pattern, ""};
}

CheckResult check_preload(const std::string& preload) {
  if (preload.empty()) return {Health::Ok, "LD_PRELOAD", "not set", ""};
  for (const char* other : {"jemalloc", "mimalloc", "tcmalloc", "snmalloc", "rpmalloc", "asan"}) {
    if (preload.find(other) != std::string::npos) {
      return {Health::Warn, "LD_PRELOAD", preload + " replaces malloc too",
              "unset LD_PRELOAD: of two mallocs only the first is used"};
    }
  }
  if (preload.find("libhakmem") != std::string::npos) {
    return {Health::Warn, "LD_PRELOAD", preload + ": every program runs on HAKMEM, this one too",
            "unset LD_PRELOAD and use hakmem run"};
  }
  return {Health::Ok, "LD_PRELOAD", preload, ""};
}

std::vector<CheckResult> check_variables(const std::vector<std::string>& environment) {
  const std::vector<std::string> known = {"HAKMEM_OPTIONS", "HAKMEM_INTEGRITY_LEVEL"};
  std::vector<CheckResult> results;
  for (const std::string& variable : environment) {
    if (!variable.starts_with("HAKMEM_")) continue;
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : variable.substr(equals + 1);
    CheckResult result{Health::Ok, name, value, ""};
    if (name == known[0]) {
      try {
        parse_option_list(value, name);
      } catch (const CommandError& error) {
        result = {Health::Fail, name, error.what(), "correct it (hakmem options lists all)"};
      }
    } else if (name == known[1]) {
      if (value.size() != 1 || value[0] < '0' || value[0] > '4') {
        result = {Health::Fail, name, "'" + value + "' is no level", "use 0, 1, 2, 3 or 4"};
      }
    } else {
      result = {Health::Warn, name, "is not a variable that HAKMEM reads",
                "did you mean " + nearest_name(name, known) + "?"};
    }
    results.push_back(result);
  }
  if (results.empty()) results.push_back({Health::Ok, "HAKMEM_OPTIONS", "not set", ""});
  return results;
}

}  // namespace hakmem::tools
