#include "tools/program_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

/// The head of an ELF executable; `loader` empty: none.
std::string elf_text(unsigned char word_class, Elf64_Half machine, const std::string& loader) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = word_class;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr segments[2] = {};
  segments[0].p_type = PT_LOAD;
  segments[1].p_type = loader.empty() ? PT_NOTE : PT_INTERP;
  segments[1].p_offset = sizeof header + sizeof segments;
  segments[1].p_filesz = loader.size() + 1;
  std::string text(reinterpret_cast<const char*>(&header), sizeof header);
  text.append(reinterpret_cast<const char*>(segments), sizeof segments);
  return text + loader + '\0';
}

int status_of_resolving(const std::string& name, const std::string& search_path) {
  try {
    resolve_program(name, search_path);
  } catch (const CommandError& error) {
    return error.exit_status();
  }
  return 0;
}

TEST(ProgramFile, IsSearchedLikeAShellDoes) {
  const ScratchFolder scratch;
  scratch.write("first/tool", "", false);
  const fs::path second = scratch.write("second/tool", "", true);
  const std::string search = (scratch.path() / "none").string() + ":" +
                             (scratch.path() / "first").string() + ":" +
                             (scratch.path() / "second").string();
  EXPECT_EQ(resolve_program("tool", search), second);
  EXPECT_EQ(resolve_program(second.string(), ""), second);
}

TEST(ProgramFile, MissingIs127AndNotExecutableIs126) {
  const ScratchFolder scratch;
  const fs::path plain = scratch.write("plain", "", false);
  EXPECT_EQ(status_of_resolving("plain", scratch.path().string()), exit_code::kNotExecutable);
  EXPECT_EQ(status_of_resolving(plain.string(), ""), exit_code::kNotExecutable);
  EXPECT_EQ(status_of_resolving(scratch.path().string(), ""), exit_code::kNotExecutable);
  EXPECT_EQ(status_of_resolving("absent", scratch.path().string()), exit_code::kNotFound);
  EXPECT_EQ(status_of_resolving("./absent", "/bin"), exit_code::kNotFound);
  EXPECT_EQ(status_of_resolving("", "/bin"), exit_code::kNotFound);
}

TEST(ProgramFile, OrdinaryProgramsCanBePreloaded) {
  EXPECT_EQ(inspect_program("/bin/true"), ProgramKind::Preloadable);
  EXPECT_EQ(inspect_program(fs::read_symlink("/proc/self/exe")), ProgramKind::Preloadable);
  const fs::path loader = "/lib64/ld-linux-x86-64.so.2";
  EXPECT_EQ(inspect_program(loader), ProgramKind::Preloadable);
}

TEST(ProgramFile, ElfFilesAreToldApart) {
  const ScratchFolder scratch;
  const auto kind_of = [&](const std::string& text) {
    return inspect_program(scratch.write("prog", text, true));
  };
  const std::string glibc = "/lib64/ld-linux-x86-64.so.2";
  EXPECT_EQ(kind_of(elf_text(ELFCLASS64, EM_X86_64, glibc)), ProgramKind::Preloadable);
  EXPECT_EQ(kind_of(elf_text(ELFCLASS64, EM_X86_64, "")), ProgramKind::Static);
  EXPECT_EQ(kind_of(elf_text(ELFCLASS64, EM_X86_64, "/lib/ld-musl-x86_64.so.1")),
            ProgramKind::OtherLoader);
  EXPECT_EQ(kind_of(elf_text(ELFCLASS64, EM_AARCH64, glibc)), ProgramKind::OtherMachine);
  EXPECT_EQ(kind_of(elf_text(ELFCLASS32, EM_386, glibc)), ProgramKind::OtherMachine);
  EXPECT_EQ(kind_of(std::string(ELFMAG)), ProgramKind::OtherMachine);
}

TEST(ProgramFile, AScriptIsWhatItsInterpreterIs) {
  const ScratchFolder scratch;
  const fs::path fixed = scratch.write("static", elf_text(ELFCLASS64, EM_X86_64, ""), true);
  EXPECT_EQ(inspect_program(scratch.write("a", "#!/bin/sh\n", true)), ProgramKind::Script);
  EXPECT_EQ(inspect_program(scratch.write("b", "#! /bin/sh -e\n", true)), ProgramKind::Script);
  EXPECT_EQ(inspect_program(scratch.write("c", "#!" + fixed.string() + "\n", true)),
            ProgramKind::Static);
  const fs::path inner = scratch.write("d", "#!" + fixed.string() + "\n", true);
  EXPECT_EQ(inspect_program(scratch.write("e", "#!" + inner.string() + "\n", true)),
            ProgramKind::Static);
  const fs::path loop = scratch.path() / "loop";
  EXPECT_EQ(inspect_program(scratch.write("loop", "#!" + loop.string() + "\n", true)),
            ProgramKind::Script);
  EXPECT_EQ(inspect_program(scratch.write("f", "echo hello\n", true)), ProgramKind::PlainText);
}

TEST(ProgramFile, ASetuidProgramOfSomebodyElseIsPrivileged) {
  const ScratchFolder scratch;
  constexpr uid_t kNobody = 65534;
  const fs::path own = scratch.write("own", "#!/bin/sh\n", true);
  ASSERT_EQ(chmod(own.c_str(), 04755), 0);
  EXPECT_EQ(inspect_program(own), ProgramKind::Script) << "no other rights than ours";
  const fs::path other = scratch.write("other", "#!/bin/sh\n", true);
  if (chown(other.c_str(), kNobody, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "only root can give a file away";
  }
  ASSERT_EQ(chmod(other.c_str(), 04755), 0);
  EXPECT_EQ(inspect_program(other), ProgramKind::Privileged);
}

TEST(ProgramFile, WhatCannotBePreloadedIsRefusedWithARemedy) {
  for (const ProgramKind kind : {ProgramKind::Static, ProgramKind::OtherLoader,
                                 ProgramKind::OtherMachine, ProgramKind::Privileged}) {
    try {
      require_preloadable("/x/prog", kind);
      ADD_FAILURE() << "kind " << static_cast<int>(kind) << " was let through";
    } catch (const CommandError& error) {
      EXPECT_EQ(error.exit_status(), exit_code::kHakmemFailed);
      EXPECT_TRUE(std::string(error.what()).starts_with("/x/prog is "));
      EXPECT_NE(std::string(error.what()).find("; "), std::string::npos) << error.what();
    }
  }
  EXPECT_NO_THROW(require_preloadable("/x/prog", ProgramKind::Preloadable));
  EXPECT_NO_THROW(require_preloadable("/x/prog", ProgramKind::Script));
}

}  // namespace
}  // namespace hakmem::tools
