#include "tools/core_file.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string note(std::uint32_t type, const std::string& content) {
  std::string out;
  put(out, Elf64_Nhdr{5, static_cast<Elf64_Word>(content.size()), type});
  out.append("CORE\0\0\0\0", 8);
  out += content;
  out.resize((out.size() + 3) & ~std::size_t{3});
  return out;
}

/// A core of a program whose headers are at 0x1040, with these files at 0x1000, 0x2000 and so on.
std::string make_core(const std::vector<std::string>& files) {
  std::string auxv, names, list;
  for (const std::uint64_t word : {std::uint64_t{AT_PHDR}, std::uint64_t{0x1040}}) put(auxv, word);
  put(list, std::uint64_t{files.size()});
  put(list, std::uint64_t{4096});
  for (std::uint64_t i = 0; i < files.size(); ++i) {
    for (const std::uint64_t word : {(i + 1) << 12, (i + 2) << 12, std::uint64_t{0}}) {
      put(list, word);
    }
    names += files[i] + '\0';
  }
  const std::string notes = note(NT_AUXV, auxv) + note(NT_FILE, list + names);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = ET_CORE;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phnum = 2;
  Elf64_Phdr segments[2]{};
  segments[0].p_type = PT_NOTE;
  segments[0].p_offset = sizeof header + sizeof segments;
  segments[0].p_filesz = notes.size();
  segments[1].p_type = PT_LOAD;
  segments[1].p_offset = segments[0].p_offset + notes.size();
  segments[1].p_filesz = 100;
  std::string core;
  put(core, header);
  put(core, segments);
  return core + notes + std::string(100, 'x');
}

class CoreFileTest : public testing::Test {
 protected:
  /// What is said about a file with this text; empty when it is taken for a core.
  std::string refusal(const std::string& text) {
    try {
      read_core_file(folder_.write("core", text));
    } catch (const CommandError& error) {
      EXPECT_EQ(error.exit_status(), exit_code::kHakmemFailed);
      return error.what();
    }
    return "";
  }
  ScratchFolder folder_;
};

TEST_F(CoreFileTest, ProgramAndLevelAreRead) {
  const std::string text =
      make_core({"/opt/prog", "/opt/hakmem/libhakmem_l3.so", "/lib/libc.so.6"});
  const CoreFile core = read_core_file(folder_.write("core", text));
  EXPECT_EQ(core.program, "/opt/prog");
  EXPECT_EQ(core.files.size(), 3u);
  EXPECT_EQ(hakmem_level_of(core), 3);
  EXPECT_FALSE(core.is_truncated());
}

TEST_F(CoreFileTest, AnotherMallocIsNamed) {
  const std::string text = make_core({"/opt/prog", "/usr/lib/libjemalloc.so.2", "/lib/libc.so.6"});
  const CoreFile core = read_core_file(folder_.write("core", text));
  EXPECT_EQ(hakmem_level_of(core), std::nullopt);
  EXPECT_EQ(malloc_of(core), "jemalloc (/usr/lib/libjemalloc.so.2)");
}

TEST_F(CoreFileTest, ATruncatedCoreIsReadAsFarAsItGoes) {
  std::string text = make_core({"/opt/prog"});
  text.resize(text.size() - 1);
  const CoreFile core = read_core_file(folder_.write("core", text));
  EXPECT_TRUE(core.is_truncated());
  EXPECT_EQ(core.found_bytes + 1, core.wanted_bytes);
}

TEST_F(CoreFileTest, WhatIsNoCoreIsRefusedWithTheReason) {
  EXPECT_NE(refusal("text\n").find("not a core"), std::string::npos);
  EXPECT_NE(refusal("").find("not a core"), std::string::npos);
  std::string text = make_core({"/opt/prog"});
  EXPECT_EQ(refusal(text), "");
  EXPECT_NE(refusal(text.substr(0, 70)).find("truncated"), std::string::npos);
  EXPECT_NE(refusal(text.substr(0, 200)).find("truncated"), std::string::npos);
  std::string program = text;
  program[offsetof(Elf64_Ehdr, e_type)] = ET_DYN;
  EXPECT_NE(refusal(program).find("not a core"), std::string::npos);
  std::string foreign = text;
  foreign[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_AARCH64);
  EXPECT_NE(refusal(foreign).find("another machine"), std::string::npos);
  EXPECT_THROW(read_core_file("/no/such/core"), CommandError);
}

TEST_F(CoreFileTest, NoCutOrFlippedByteIsBelieved) {
  const std::string text = make_core({"/opt/prog", "/lib/libc.so.6"});
  for (std::size_t i = 0; i < text.size(); ++i) {
    refusal(text.substr(0, i));
    std::string flipped = text;
    flipped[i] = static_cast<char>(~flipped[i]);
    refusal(flipped);  // it must end, and either way without harm
  }
}

}  // namespace
}  // namespace hakmem::tools
