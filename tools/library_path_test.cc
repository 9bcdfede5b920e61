#include "tools/library_path.h"

#include <gtest/gtest.h>

#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

TEST(LibraryPath, LevelAndFileNameNameEachOther) {
  EXPECT_EQ(library_file_name(0), "libhakmem.so");
  EXPECT_EQ(library_file_name(4), "libhakmem_l4.so");
  for (int level = 0; level <= 4; ++level) {
    EXPECT_EQ(level_of_library(library_file_name(level)), level);
  }
  EXPECT_EQ(level_of_library("libhakmem_l5.so"), std::nullopt);
  EXPECT_EQ(level_of_library("libhakmem_probe.so"), std::nullopt);
}

TEST(LibraryPath, FindsTheBuildTreesLibrary) {
  const ScratchFolder build;
  const fs::path library = build.write("lib/libhakmem_l2.so", "");
  EXPECT_EQ(find_library(build.path() / "bin", 2), library);
}

TEST(LibraryPath, FindsAnInstalledLibrary) {
  const ScratchFolder prefix;
  const fs::path library = prefix.write("lib/hakmem/libhakmem.so", "");
  EXPECT_EQ(find_library(prefix.path() / "bin", 0), library);
}

TEST(LibraryPath, PrefersOurOwnFolderToTheSharedOne) {
  const ScratchFolder prefix;
  prefix.write("lib/libhakmem_l1.so", "");
  const fs::path library = prefix.write("lib/hakmem/libhakmem_l1.so", "");
  EXPECT_EQ(find_library(prefix.path() / "bin", 1), library);
}

TEST(LibraryPath, FollowsALinkToTheFileItself) {
  const ScratchFolder prefix;
  const fs::path library = prefix.write("lib/libhakmem.so.1.2", "");
  fs::create_symlink("libhakmem.so.1.2", prefix.path() / "lib/libhakmem.so");
  EXPECT_EQ(find_library(prefix.path() / "bin", 0), library);
}

TEST(LibraryPath, AnotherLevelOrAFolderIsNotTheLibrary) {
  const ScratchFolder prefix;
  prefix.write("lib/libhakmem_l1.so", "");
  fs::create_directories(prefix.path() / "lib/libhakmem_l2.so");
  EXPECT_EQ(find_library(prefix.path() / "bin", 0), std::nullopt);
  EXPECT_EQ(find_library(prefix.path() / "bin", 2), std::nullopt);
}

TEST(LibraryPath, TheToolDirectoryHoldsTheRunningProgram) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  EXPECT_EQ(tool_directory(), self.parent_path());
}

}  // namespace
}  // namespace hakmem::tools
