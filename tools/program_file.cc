#include "tools/program_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr int kInterpreterDepthMax = 4;  // the kernel's own limit on scripts run by scripts

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_executable_file(const fs::path& path) {
  return is_file(path) && access(path.c_str(), X_OK) == 0;
}

/// The loader of glibc is an ELF without a loader, yet it obeys LD_PRELOAD for what it runs.
bool is_glibc_loader(const std::string& path) {
  return fs::path(path).filename().string().starts_with("ld-linux");
}

/// Would the kernel run `file` with other rights than ours? Then the loader ignores LD_PRELOAD.
bool is_privileged(const fs::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return false;
  const bool other_user = (info.st_mode & S_ISUID) != 0 && info.st_uid != getuid();
  const bool other_group = (info.st_mode & S_ISGID) != 0 && info.st_gid != getgid();
  const bool capabilities =
      getuid() != 0 && getxattr(file.c_str(), "security.capability", nullptr, 0) > 0;
  return other_user || other_group || capabilities;
}

template <class T>
bool read_at(std::ifstream& in, std::uint64_t offset, T& out) {
  in.clear();
  in.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(in.read(reinterpret_cast<char*>(&out), sizeof out));
}

std::string read_text_at(std::ifstream& in, std::uint64_t offset, std::uint64_t size) {
  std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(size, kHeadBytes)), '\0');
  in.clear();
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return std::string(text.c_str());
}

ProgramKind inspect_elf(std::ifstream& in, const fs::path& file) {
  Elf64_Ehdr header{};
  if (!read_at(in, 0, header)) return ProgramKind::OtherMachine;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return ProgramKind::OtherMachine;
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!read_at(in, header.e_phoff + std::uint64_t{i} * header.e_phentsize, segment)) break;
    if (segment.p_type != PT_INTERP) continue;
    const std::string loader = read_text_at(in, segment.p_offset, segment.p_filesz);
    return is_glibc_loader(loader) ? ProgramKind::Preloadable : ProgramKind::OtherLoader;
  }
  return is_glibc_loader(file.string()) ? ProgramKind::Preloadable : ProgramKind::Static;
}

ProgramKind inspect(const fs::path& file, int depth) {
  if (is_privileged(file)) return ProgramKind::Privileged;
  std::ifstream in(file, std::ios::binary);
  const std::string head = read_text_at(in, 0, kHeadBytes);
  if (!in.is_open()) return ProgramKind::Unreadable;
  if (head.starts_with(ELFMAG)) return inspect_elf(in, file);
  if (!head.starts_with("#!")) return ProgramKind::PlainText;
  const std::size_t begin = head.find_first_not_of(" \t", 2);
  if (begin == std::string::npos || depth == 0) return ProgramKind::Script;
  const fs::path interpreter = head.substr(begin, head.find_first_of(" \t\n", begin) - begin);
  if (!is_file(interpreter)) return ProgramKind::Script;  // execve() says so better
  const ProgramKind kind = inspect(interpreter, depth - 1);
  const bool fine = kind == ProgramKind::Preloadable || kind == ProgramKind::PlainText;
  return fine ? ProgramKind::Script : kind;
}

/// Folders of a search path; an empty entry is the current folder.
std::vector<fs::path> split_search_path(const std::string& search_path) {
  std::vector<fs::path> folders;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = search_path.find(':', begin);
    const std::string folder = search_path.substr(begin, end - begin);
    folders.emplace_back(folder.empty() ? "." : folder);
    if (end == std::string::npos) return folders;
    begin = end + 1;
  }
}

[[noreturn]] void refuse(const fs::path& file, const char* what, const char* remedy) {
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} {}; {}", file.string(), what, remedy));
}

}  // namespace

fs::path resolve_program(const std::string& name, const std::string& search_path) {
  std::vector<fs::path> candidates;
  if (name.find('/') != std::string::npos) {
    candidates.emplace_back(name);
  } else if (!name.empty()) {
    for (const fs::path& folder : split_search_path(search_path)) {
      candidates.push_back(folder / name);
    }
  }
  const fs::path* refused = nullptr;
  for (const fs::path& candidate : candidates) {
    if (is_executable_file(candidate)) return candidate;
    std::error_code error;
    const bool exists =
        name.find('/') != std::string::npos ? fs::exists(candidate, error) : is_file(candidate);
    if (exists && refused == nullptr) refused = &candidate;
  }
  if (refused != nullptr) {
    throw CommandError(exit_code::kNotExecutable,
                       fmt::format("{} is not an executable file", refused->string()));
  }
  throw CommandError(exit_code::kNotFound, fmt::format("{}: no such program", name));
}

ProgramKind inspect_program(const fs::path& file) { return inspect(file, kInterpreterDepthMax); }

void require_preloadable(const fs::path& file, ProgramKind kind) {
  switch (kind) {
    case ProgramKind::Static:
      refuse(file, "is statically linked, so a malloc cannot be preloaded into it",
             "link it dynamically (without -static) and run it again");
    case ProgramKind::OtherLoader:
      refuse(file, "is not linked with the GNU C library, which the HAKMEM libraries need",
             "build it for glibc and run it again");
    case ProgramKind::OtherMachine:
      refuse(file, "is not a program for x86-64, and the HAKMEM libraries are",
             "build it for x86-64 Linux (with -m64) and run it again");
    case ProgramKind::Privileged:
      refuse(file,
             "is setuid, setgid or has file capabilities, so the loader ignores LD_PRELOAD for it",
             "run a copy without them: cp keeps neither");
    case ProgramKind::Preloadable:
    case ProgramKind::Script:
    case ProgramKind::PlainText:
    case ProgramKind::Unreadable:
      break;
  }
}

}  // namespace hakmem::tools
