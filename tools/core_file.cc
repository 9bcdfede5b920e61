#include "tools/core_file.h"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/library_path.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kNoteBytesMax = std::size_t{64} << 20;  // of a process with 65 530 mappings
constexpr std::size_t kProgramHeadersMax = 0xffff;

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw CommandError(exit_code::kHakmemFailed, fmt::format("{} {}", file.string(), what));
}

/// Reads fixed structures at any place; false when they are not there.
class Reader {
 public:
  explicit Reader(const fs::path& file) : in_(file, std::ios::binary) {
    if (!in_) refuse(file, fmt::format("cannot be read: {}", strerror(errno)));
    in_.seekg(0, std::ios::end);
    bytes_ = in_ ? static_cast<std::uint64_t>(in_.tellg()) : 0;
  }
  std::uint64_t bytes() const { return bytes_; }

  bool read(std::uint64_t at, void* to, std::size_t size) {
    if (at > bytes_ || size > bytes_ - at) return false;
    in_.seekg(static_cast<std::streamoff>(at));
    in_.read(static_cast<char*>(to), static_cast<std::streamsize>(size));
    return static_cast<bool>(in_);
  }

 private:
  std::ifstream in_;
  std::uint64_t bytes_ = 0;
};

/// One note's contents.
struct Note {
  std::uint32_t type;
  const char* begin;
  std::size_t bytes;
};

std::size_t padded(std::size_t bytes) { return (bytes + 3) & ~std::size_t{3}; }

/// Calls visit(note) for each note of a segment, as far as it is well formed.
template <class Visit>
void for_each_note(const std::string& segment, Visit visit) {
  std::size_t at = 0;
  while (segment.size() - at >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, segment.data() + at, sizeof header);
    const std::size_t content = at + sizeof header + padded(header.n_namesz);
    if (content > segment.size() || header.n_descsz > segment.size() - content) return;
    visit(Note{header.n_type, segment.data() + content, header.n_descsz});
    at = std::min(content + padded(header.n_descsz), segment.size());
  }
}

std::uint64_t word_at(const Note& note, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, note.begin + index * sizeof word, sizeof word);
  return word;
}

struct MappedFile {
  std::uint64_t begin, end;
  std::string path;
};

/// NT_FILE: count, page size, count × (begin, end, offset), and the paths in the same order.
std::vector<MappedFile> mapped_files(const Note& note) {
  constexpr std::size_t kHeadWords = 2, kEntryWords = 3, kWordBytes = sizeof(std::uint64_t);
  std::vector<MappedFile> files;
  if (note.bytes < kHeadWords * kWordBytes) return files;
  const std::uint64_t count = word_at(note, 0);
  if (count > (note.bytes / kWordBytes - kHeadWords) / kEntryWords) return files;
  std::size_t at = (kHeadWords + count * kEntryWords) * kWordBytes;
  for (std::uint64_t i = 0; i < count && at < note.bytes; ++i) {
    const std::size_t entry = kHeadWords + i * kEntryWords;
    const std::string path(note.begin + at, strnlen(note.begin + at, note.bytes - at));
    files.push_back({word_at(note, entry), word_at(note, entry + 1), path});
    at += path.size() + 1;
  }
  return files;
}

/// NT_AUXV: where the program's own headers are, 0 when it does not say.
std::uint64_t program_headers_at(const Note& note) {
  for (std::size_t i = 0; (i + 2) * sizeof(std::uint64_t) <= note.bytes; i += 2) {
    if (word_at(note, i) == AT_PHDR) return word_at(note, i + 1);
  }
  return 0;
}

Elf64_Ehdr require_header(const fs::path& file, Reader& reader) {
  Elf64_Ehdr header;
  const bool is_elf = reader.read(0, &header, sizeof header) &&
                      std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
  if (!is_elf) refuse(file, "is not a core file: it does not begin as an ELF file does");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    refuse(file, "is of another machine than x86-64");
  }
  if (header.e_type != ET_CORE) {
    refuse(file, "is a program or a library, not a core file that one left");
  }
  return header;
}

/// The program headers; as many as a core with very many mappings says in its first section.
std::vector<Elf64_Phdr> require_segments(const fs::path& file, Reader& reader,
                                         const Elf64_Ehdr& header) {
  std::size_t count = header.e_phnum;
  Elf64_Shdr first{};
  if (count == PN_XNUM && reader.read(header.e_shoff, &first, sizeof first)) count = first.sh_info;
  const std::size_t most = reader.bytes() / sizeof(Elf64_Phdr);
  std::vector<Elf64_Phdr> segments(std::min({count, most, kProgramHeadersMax * 16}));
  if (segments.empty() || segments.size() < count ||
      !reader.read(header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) {
    refuse(file, fmt::format("is truncated: its {} bytes end before its table of segments does",
                             reader.bytes()));
  }
  return segments;
}

std::string require_notes(const fs::path& file, Reader& reader,
                          const std::vector<Elf64_Phdr>& segments) {
  std::string notes;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kNoteBytesMax) continue;
    notes.resize(segment.p_filesz);
    if (reader.read(segment.p_offset, notes.data(), notes.size())) return notes;
    refuse(file, fmt::format("is truncated: its {} bytes end before its notes do",
                             reader.bytes()));
  }
  refuse(file, "has no notes, so it does not say whose core it is");
}

}  // namespace

CoreFile read_core_file(const fs::path& file) {
  Reader reader(file);
  const std::vector<Elf64_Phdr> segments =
      require_segments(file, reader, require_header(file, reader));
  CoreFile core;
  core.found_bytes = reader.bytes();
  for (const Elf64_Phdr& segment : segments) {
    core.wanted_bytes = std::max(core.wanted_bytes, segment.p_offset + segment.p_filesz);
  }
  std::vector<MappedFile> mapped;
  std::uint64_t headers_at = 0;
  for_each_note(require_notes(file, reader, segments), [&](const Note& note) {
    if (note.type == NT_FILE) mapped = mapped_files(note);
    if (note.type == NT_AUXV) headers_at = program_headers_at(note);
  });
  for (const MappedFile& one : mapped) {
    if (headers_at >= one.begin && headers_at < one.end) core.program = one.path;
    if (std::find(core.files.begin(), core.files.end(), one.path) == core.files.end()) {
      core.files.push_back(one.path);
    }
  }
  return core;
}

std::optional<int> hakmem_level_of(const CoreFile& core) {
  for (const std::string& path : core.files) {
    if (const auto level = level_of_library(fs::path(path).filename().string())) return level;
  }
  return std::nullopt;
}

std::string malloc_of(const CoreFile& core) {
  constexpr std::pair<const char*, const char*> kKnown[] = {
      {"libjemalloc", "jemalloc"}, {"libtcmalloc", "tcmalloc"}, {"libmimalloc", "mimalloc"},
      {"libasan", "AddressSanitizer"}, {"libc.so", "the C library"}, {"libc-", "the C library"}};
  for (const auto& [prefix, name] : kKnown) {
    for (const std::string& path : core.files) {
      if (fs::path(path).filename().string().starts_with(prefix)) {
        return fmt::format("{} ({})", name, path);
      }
    }
  }
  return "unknown";
}

}  // namespace hakmem::tools
