#include "integrity/modules.h"

#include <elf.h>

#include "base/text.h"
#include "base/text_sink.h"
#include "ptr_trace/own_image.h"

namespace hakmem {

namespace {

constexpr std::size_t kMapsBufferBytes = 8 * kKiB;
constexpr std::size_t kProgramHeadersMax = 32;
constexpr std::size_t kNotesMax = 1024;

// One report at a time: under the reporter, see report.h.
constinit char maps_buffer[kMapsBufferBytes] = {};
constinit Elf64_Phdr program_headers[kProgramHeadersMax] = {};
constinit unsigned char notes[kNotesMax] = {};

const char* base_name(const char* path) noexcept {
  const char* name = path;
  for (; *path != '\0'; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

/// Finds the GNU build id in a note segment of `size` bytes and writes it as hexadecimal.
void find_build_id(std::size_t size, char (&out)[kBuildIdTextMax]) noexcept {
  constexpr std::size_t kNoteAlign = 4;
  std::size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= size) {
    Elf64_Nhdr header;
    __builtin_memcpy(&header, notes + at, sizeof header);
    const std::size_t name_at = at + sizeof header;
    const std::size_t bytes_at = name_at + round_up(header.n_namesz, kNoteAlign);
    const std::size_t next = bytes_at + round_up(header.n_descsz, kNoteAlign);
    if (bytes_at > size || next > size || next <= at) return;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof ELF_NOTE_GNU &&
        same_text(reinterpret_cast<const char*>(notes + name_at), ELF_NOTE_GNU)) {
      TextSink sink(out, sizeof out);
      for (std::size_t i = 0; i < header.n_descsz; ++i) sink.hex(notes[bytes_at + i], 2);
      return;
    }
    at = next;
  }
}

/// Fills bias and build id from the ELF header that is mapped at `base`.
void read_elf(Address base, Module& module) noexcept {
  module.bias = base;
  Elf64_Ehdr header;
  if (!os::read_memory(base, &header, sizeof header)) return;
  if (header.e_ident[EI_MAG0] != ELFMAG0 || header.e_ident[EI_MAG1] != ELFMAG1 ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return;
  }
  const std::size_t count =
      header.e_phnum < kProgramHeadersMax ? header.e_phnum : kProgramHeadersMax;
  if (!os::read_memory(base + header.e_phoff, program_headers, count * sizeof(Elf64_Phdr))) return;
  for (std::size_t i = 0; i < count; ++i) {
    const Elf64_Phdr& segment = program_headers[i];
    if (segment.p_type != PT_LOAD || segment.p_offset >= kPageBytes) continue;
    module.bias = base - round_down(segment.p_vaddr, kPageBytes);
    break;
  }
  for (std::size_t i = 0; i < count && module.build_id[0] == '\0'; ++i) {
    const Elf64_Phdr& segment = program_headers[i];
    if (segment.p_type != PT_NOTE) continue;
    const std::size_t size = segment.p_memsz < kNotesMax ? segment.p_memsz : kNotesMax;
    if (os::read_memory(module.bias + segment.p_vaddr, notes, size)) {
      find_build_id(size, module.build_id);
    }
  }
}

}  // namespace

const char* Module::name() const noexcept { return base_name(path); }

bool is_system_module(const char* path) noexcept {
  static constexpr const char* kPrefixes[] = {
      "libc.so",     "libc-2",      "ld-linux",  "ld-2",      "libstdc++.so", "libgcc_s.so",
      "libm.so",     "libpthread",  "libc++.so", "libc++abi", "libunwind",    "libhakmem",
      "libdl.so",    "librt.so",    "libasan",   "libtsan",   "libubsan",     "[vdso]",
      "[vsyscall]"};
  const char* const name = base_name(path);
  for (const char* prefix : kPrefixes) {
    if (starts_with(name, prefix)) return true;
  }
  return false;
}

/// The walk over the mappings: which file began last, and the pcs that look for theirs.
struct ModuleTable::Walk {
  ModuleTable* table = nullptr;
  const Address* pcs = nullptr;
  std::uint32_t count = 0;
  Address file_begin = 0;
  char file_path[kModulePathMax] = {};

  bool operator()(const os::Mapping& mapping) noexcept {
    const bool is_file = mapping.path[0] == '/' || same_text(mapping.path, "[vdso]");
    if (!is_file) return true;
    if (mapping.file_offset == 0) {
      file_begin = mapping.begin;
      TextSink(file_path, sizeof file_path).text(mapping.path);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const Address call = pcs[i] - 1;  // a return address may be behind the mapping's last byte
      if (call < mapping.begin || call >= mapping.end) continue;
      const Address base = same_text(file_path, mapping.path) ? file_begin
                                                         : mapping.begin - mapping.file_offset;
      table->of_pc_[i] = table->module_at(base, mapping.path);
    }
    return true;
  }
};

/// The index of the module mapped from `base`, made when it is new. kNone when the table is full.
std::uint32_t ModuleTable::module_at(Address base, const char* path) noexcept {
  for (std::uint32_t i = 0; i < module_count_; ++i) {
    if (bases_[i] == base) return i;
  }
  if (module_count_ == kModulesMax) return kNone;
  bases_[module_count_] = base;
  Module& module = modules_[module_count_];
  module = Module{};
  TextSink(module.path, sizeof module.path).text(path);
  module.system = is_system_module(path) || own_image().contains(base);
  read_elf(base, module);
  return module_count_++;
}

void ModuleTable::load(const Address* pcs, std::uint32_t count) noexcept {
  static constinit Walk walk{};
  module_count_ = 0;
  for (std::uint32_t& index : of_pc_) index = kNone;
  walk = Walk{};
  walk.table = this;
  walk.pcs = pcs;
  walk.count = count < kPcsMax ? count : kPcsMax;
  os::visit_mappings(maps_buffer, sizeof maps_buffer, walk);
}

}  // namespace hakmem
