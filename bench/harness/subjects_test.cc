// Names of allocators and levels: what is found, what is refused, and with which exit code.
#include "bench/harness/subjects.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace hakmem::bench {
namespace {

namespace fs = std::filesystem;

int exit_code_of(const std::string& subject, const std::string& tool_dir) {
  try {
    find_subject(subject, tool_dir);
  } catch (const BenchError& error) {
    return error.exit_code();
  }
  return 0;
}

/// bin/ and lib/ as in a build tree, with a file where level 3's library would be.
class SubjectsTest : public testing::Test {
 protected:
  SubjectsTest()
      : root_(fs::path(testing::TempDir()) / ("hakmem-subjects-" + std::to_string(getpid()))) {
    fs::create_directories(root_ / "bin");
    fs::create_directories(root_ / "lib");
    std::ofstream(root_ / "lib" / "libhakmem_l3.so") << "x";
  }
  ~SubjectsTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  std::string tool_dir() const { return (root_ / "bin").string(); }

  fs::path root_;
};

TEST_F(SubjectsTest, LevelIsTheLibraryBesideTheTool) {
  const Subject subject = find_subject("3", tool_dir());
  EXPECT_EQ(subject.name, "hakmem-l3");
  EXPECT_EQ(subject.library, fs::canonical(root_ / "lib" / "libhakmem_l3.so").string());
  EXPECT_TRUE(subject.is_ours);
}

TEST_F(SubjectsTest, PathIsNamedByItsFile) {
  EXPECT_EQ(find_subject((root_ / "lib" / "libhakmem_l3.so").string(), "/").name, "hakmem_l3");
}

TEST_F(SubjectsTest, MissingLibraryIs125AndNonsenseIs64) {
  EXPECT_EQ(exit_code_of("0", tool_dir()), kExitBenchFailed);
  EXPECT_EQ(exit_code_of("/nonexistent/lib.so", tool_dir()), kExitBenchFailed);
  EXPECT_EQ(exit_code_of("5", tool_dir()), kExitBadOption);
  EXPECT_EQ(exit_code_of("fast", tool_dir()), kExitBadOption);
  EXPECT_EQ(exit_code_of("", tool_dir()), kExitBadOption);
}

TEST_F(SubjectsTest, MissingWorkloadBinaryIsAnError) {
  EXPECT_THROW(find_workload_binary(tool_dir()), BenchError);
  std::ofstream(root_ / "bin" / "hakmem_workload") << "x";
  EXPECT_EQ(find_workload_binary(tool_dir()),
            fs::canonical(root_ / "bin" / "hakmem_workload").string());
}

TEST(Peers, GlibcNeedsNoLibraryAndUnknownNamesAreRefused) {
  std::string missing_package;
  const std::optional<Subject> glibc = find_peer("glibc", missing_package);
  ASSERT_TRUE(glibc.has_value());
  EXPECT_EQ(glibc->library, "");
  EXPECT_FALSE(glibc->is_ours);
  EXPECT_THROW(find_peer("dlmalloc", missing_package), BenchError);
}

TEST(Checkers, AreThereOrNameTheirPackage) {
  for (const Checker& checker : find_checkers()) {
    EXPECT_FALSE(checker.package.empty()) << checker.name;
    if (!checker.subject.has_value()) continue;
    EXPECT_EQ(checker.subject->name, checker.name);
    EXPECT_FALSE(checker.subject->is_ours);
    EXPECT_NE(checker.subject->library.empty(), checker.subject->wrapper.empty()) << checker.name;
  }
}

TEST(Peers, MissingPeerNamesItsPackage) {
  for (const std::string& name : peer_names()) {
    std::string missing_package;
    const std::optional<Subject> peer = find_peer(name, missing_package);
    EXPECT_NE(peer.has_value(), !missing_package.empty()) << name;
  }
}

}  // namespace
}  // namespace hakmem::bench
