#include "tools/library_path.h"

#include <sys/auxv.h>

#include <fmt/format.h>

#include "base/checks.h"
#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

fs::path tool_directory() {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) {
    // No /proc, as in a bare chroot: the kernel still says what it executed.
    const auto* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    if (name != nullptr) self = fs::weakly_canonical(name, error);
  }
  return self.parent_path();
}

std::string library_file_name(int level) {
  return level == 0 ? "libhakmem.so" : fmt::format("libhakmem_l{}.so", level);
}

std::optional<int> level_of_library(const std::string& file_name) {
  for (int level = 0; level <= kIntegrityLevelMax; ++level) {
    if (file_name == library_file_name(level)) return level;
  }
  return std::nullopt;
}

std::vector<fs::path> library_candidates(const fs::path& tool_dir, int level) {
  const std::string name = library_file_name(level);
  const fs::path prefix = tool_dir.parent_path();
  return {prefix / "lib" / "hakmem" / name, prefix / "lib" / "x86_64-linux-gnu" / "hakmem" / name,
          prefix / "lib" / name, prefix / "lib" / "x86_64-linux-gnu" / name,
          tool_dir / "lib" / name};
}

std::optional<fs::path> find_library(const fs::path& tool_dir, int level) {
  for (const fs::path& candidate : library_candidates(tool_dir, level)) {
    std::error_code error;
    if (fs::is_regular_file(candidate, error)) {
      const fs::path resolved = fs::canonical(candidate, error);
      return error ? candidate : resolved;
    }
  }
  return std::nullopt;
}

fs::path require_library(int level) {
  const fs::path tool_dir = tool_directory();
  if (const auto found = find_library(tool_dir, level)) return *found;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("the library of level {} ({}) is not beside this program "
                                 "(looked from {}); build it with ci/hakmem, or reinstall",
                                 level, library_file_name(level), tool_dir.string()));
}

}  // namespace hakmem::tools
