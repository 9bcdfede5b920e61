#include "tools/own_malloc.h"

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

template <class Record>
void append(std::string& text, const Record& record) {
  text.append(reinterpret_cast<const char*>(&record), sizeof record);
}

/// A file whose symbol table has `names`, `defined` or only asked for; it needs `library`.
std::string elf_with(const std::vector<std::string>& names, bool defined,
                     const std::string& library) {
  std::string strings(1, '\0');
  std::string symbols, needs;
  for (const std::string& name : names) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_shndx = defined ? 1 : SHN_UNDEF;
    append(symbols, symbol);
    strings += name + '\0';
  }
  Elf64_Dyn need{};
  need.d_tag = library.empty() ? DT_NULL : DT_NEEDED;
  need.d_un.d_val = strings.size();
  append(needs, need);
  strings += library + '\0';

  Elf64_Shdr sections[3] = {};
  auto place = [offset = sizeof(Elf64_Ehdr)](Elf64_Shdr& section, Elf64_Word type,
                                                   const std::string& bytes) mutable {
    section.sh_type = type;
    section.sh_offset = offset;
    section.sh_size = bytes.size();
    offset += bytes.size();
  };
  place(sections[0], SHT_STRTAB, strings);
  place(sections[1], SHT_DYNSYM, symbols);
  place(sections[2], SHT_DYNAMIC, needs);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_shoff = sizeof header + strings.size() + symbols.size() + needs.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  std::string text;
  append(text, header);
  text += strings + symbols + needs;
  for (const Elf64_Shdr& section : sections) append(text, section);
  return text;
}

const std::vector<std::string> kSanitizer = {"malloc", "__sanitizer_install_malloc_and_free_hooks"};

TEST(OwnMalloc, DefinedSymbolsAndNeededLibrariesDecide) {
  const ScratchFolder scratch;
  const auto found = [&](const std::string& text) {
    return find_own_malloc(scratch.write("program", text, true));
  };
  EXPECT_EQ(found(elf_with({"main", "free"}, true, "libc.so.6")), OwnMalloc::None);
  EXPECT_EQ(found(elf_with({"malloc"}, true, "")), OwnMalloc::Other);
  EXPECT_EQ(found(elf_with({"malloc"}, false, "")), OwnMalloc::None) << "only asked for";
  EXPECT_EQ(found(elf_with(kSanitizer, true, "")), OwnMalloc::Sanitizer);
  EXPECT_EQ(found(elf_with(kSanitizer, false, "")), OwnMalloc::None);
  EXPECT_EQ(found(elf_with({"main"}, true, "libasan.so.8")), OwnMalloc::Sanitizer);
  EXPECT_EQ(found(elf_with({"main"}, true, "libubsan.so.1")), OwnMalloc::None);
}

TEST(OwnMalloc, AFileCutAnywhereIsReadWithoutHarm) {
  const ScratchFolder scratch;
  const std::string whole = elf_with(kSanitizer, true, "libasan.so.8");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file = scratch.write("program", whole.substr(0, size), true);
    EXPECT_EQ(find_own_malloc(file), OwnMalloc::None) << "cut at " << size;
  }
  std::string wild = whole;
  for (std::size_t at = sizeof(Elf64_Ehdr); at < whole.size(); ++at) wild[at] = '\xff';
  EXPECT_EQ(find_own_malloc(scratch.write("program", wild, true)), OwnMalloc::None);
  EXPECT_EQ(find_own_malloc(scratch.path() / "absent"), OwnMalloc::None);
}

}  // namespace
}  // namespace hakmem::tools
