#include "tools/core_place.h"

#include <gtest/gtest.h>

#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

namespace fs = std::filesystem;

const fs::file_time_type kLongAgo = fs::file_time_type::min();

TEST(CorePlace, PatternsNameTheCoreOfTheProcess) {
  const ScratchFolder folder;
  const fs::path plain = folder.write("core", "x");
  const fs::path numbered = folder.write("core.41", "x");
  const fs::path other = folder.write("core.410", "x");
  const fs::path full = folder.write("crash-prog%-41-host", "x");
  const auto find = [&](const char* pattern, bool appends_pid = false) {
    return find_core({pattern, appends_pid, RLIM_INFINITY, folder.path()}, 41, kLongAgo);
  };
  EXPECT_EQ(find("core"), plain);
  EXPECT_EQ(find("core", true), numbered);
  EXPECT_EQ(find("core.%p"), numbered);
  EXPECT_EQ(find((folder.path() / "core.%p").c_str()), numbered);
  EXPECT_EQ(find("crash-%e%%-%p-%h"), full);
  EXPECT_EQ(find("cores/core.%p"), std::nullopt);
  EXPECT_EQ(find("|/usr/bin/handler %p"), std::nullopt);
  EXPECT_EQ(find("dump.%p"), std::nullopt);
}

TEST(CorePlace, AnOlderCoreIsNotTheOne) {
  const ScratchFolder folder;
  folder.write("core", "x");
  const CoreSettings settings{"core", false, RLIM_INFINITY, folder.path()};
  EXPECT_EQ(find_core(settings, 41, fs::file_time_type::max()), std::nullopt);
}

TEST(CorePlace, TheReasonWhyThereIsNoneIsNamed) {
  const auto why = [](const char* pattern, rlim_t limit, const char* folder) {
    return why_no_core({pattern, false, limit, folder});
  };
  EXPECT_NE(why("core", 0, "/").find("ulimit -Hc"), std::string::npos);
  EXPECT_NE(why("|/lib/systemd/systemd-coredump %P", 1, "/").find("coredumpctl"),
            std::string::npos);
  EXPECT_NE(why("|/usr/share/apport/apport %p", 1, "/").find("/usr/share/apport/apport"),
            std::string::npos);
  EXPECT_NE(why("/no/such/folder/core", 1, "/").find("/no/such/folder"), std::string::npos);
  EXPECT_NE(why("core", 1, "/tmp").find("/tmp/core"), std::string::npos);
}

}  // namespace
}  // namespace hakmem::tools
