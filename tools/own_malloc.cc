#include "tools/own_malloc.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kTableBytesMax = std::uint64_t{256} << 20;  // a table above it is nonsense

/// `count` records at `offset`; empty when the file does not have them.
template <class Record>
std::vector<Record> read_records(std::ifstream& in, std::uint64_t offset, std::uint64_t count) {
  if (count > kTableBytesMax / sizeof(Record)) return {};
  std::vector<Record> records(static_cast<std::size_t>(count));
  in.clear();
  in.seekg(static_cast<std::streamoff>(offset));
  const auto bytes = static_cast<std::streamsize>(count * sizeof(Record));
  if (!in.read(reinterpret_cast<char*>(records.data()), bytes)) return {};
  return records;
}

/// The dynamic section's strings, which its records name by their offsets.
class Strings {
 public:
  Strings(std::ifstream& in, const Elf64_Shdr& section)
      : bytes_(read_records<char>(in, section.sh_offset, section.sh_size)) {
    bytes_.push_back('\0');
  }
  std::string_view at(std::uint64_t offset) const {
    return offset < bytes_.size() ? std::string_view(&bytes_[static_cast<std::size_t>(offset)])
                                  : std::string_view();
  }

 private:
  std::vector<char> bytes_;
};

/// What decides, collected from the dynamic symbols and the libraries.
struct Exports {
  bool malloc = false;
  bool sanitizer = false;

  void add_symbol(std::string_view name) {
    malloc = malloc || name == "malloc";
    sanitizer = sanitizer || name == "__sanitizer_install_malloc_and_free_hooks";
  }
};

bool is_sanitizer_library(std::string_view name) {
  constexpr std::string_view kGnu[] = {"libasan.so", "liblsan.so", "libtsan.so"};
  constexpr std::string_view kClang[] = {"libclang_rt.asan", "libclang_rt.tsan",
                                         "libclang_rt.msan", "libclang_rt.lsan"};
  const auto begins = [name](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::any_of(kGnu, begins) || std::ranges::any_of(kClang, begins);
}

void add_symbols(std::ifstream& in, const Elf64_Shdr& section, const Strings& names,
                 Exports& exports) {
  const std::uint64_t count = section.sh_size / sizeof(Elf64_Sym);
  for (const Elf64_Sym& symbol : read_records<Elf64_Sym>(in, section.sh_offset, count)) {
    if (symbol.st_shndx != SHN_UNDEF) exports.add_symbol(names.at(symbol.st_name));
  }
}

bool needs_sanitizer(std::ifstream& in, const Elf64_Shdr& section, const Strings& names) {
  const std::uint64_t count = section.sh_size / sizeof(Elf64_Dyn);
  const auto entries = read_records<Elf64_Dyn>(in, section.sh_offset, count);
  return std::ranges::any_of(entries, [&](const Elf64_Dyn& entry) {
    return entry.d_tag == DT_NEEDED && is_sanitizer_library(names.at(entry.d_un.d_val));
  });
}

}  // namespace

OwnMalloc find_own_malloc(const fs::path& program) {
  std::ifstream in(program, std::ios::binary);
  const auto headers = read_records<Elf64_Ehdr>(in, 0, 1);
  if (headers.empty() || std::memcmp(headers[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      headers[0].e_shentsize != sizeof(Elf64_Shdr)) {
    return OwnMalloc::None;
  }
  const auto sections = read_records<Elf64_Shdr>(in, headers[0].e_shoff, headers[0].e_shnum);
  Exports exports;
  bool needs = false;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_link >= sections.size()) continue;
    if (section.sh_type == SHT_DYNSYM) {
      add_symbols(in, section, Strings(in, sections[section.sh_link]), exports);
    } else if (section.sh_type == SHT_DYNAMIC) {
      needs = needs_sanitizer(in, section, Strings(in, sections[section.sh_link]));
    }
  }
  if (needs || (exports.malloc && exports.sanitizer)) return OwnMalloc::Sanitizer;
  return exports.malloc ? OwnMalloc::Other : OwnMalloc::None;
}

void require_preloaded_malloc(const fs::path& program) {
  switch (find_own_malloc(program)) {
    case OwnMalloc::Sanitizer:
      throw CommandError(
          exit_code::kHakmemFailed,
          fmt::format("{} is compiled with a sanitizer, whose malloc it would call instead of "
                      "HAKMEM's; run a build without -fsanitize=, or link hakmem_asan.o into one "
                      "with -fsanitize=address and start it by itself (docs/SANITIZERS.md)",
                      program.string()));
    case OwnMalloc::Other:
      fmt::print(stderr,
                 "hakmem: {} defines malloc itself; what it does not hand on to the next malloc "
                 "is not checked\n",
                 program.string());
      break;
    case OwnMalloc::None:
      break;
  }
}

}  // namespace hakmem::tools
