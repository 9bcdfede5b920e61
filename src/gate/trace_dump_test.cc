// The dump has every call of every thread once, in the order of time, with its stack.
#include "integrity/trace_dump.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "gate/domain_for_test.h"
#include "integrity/run_child_for_test.h"

namespace hakmem {
namespace {

using Json = nlohmann::json;

class TraceDump : public DomainTest {
 protected:
  std::vector<Json> dump() {
    const TestFolder folder;
    const std::string path = folder.file("ptr_trace.jsonl");
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY, 0600);
    EXPECT_TRUE(write_trace_dump(fd, domain_->checks.rings, domain_->checks.depot));
    close(fd);
    std::vector<Json> lines;
    std::istringstream text(TestFolder::content(path));
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
  }
};

TEST_F(TraceDump, TheFirstLineNamesTheFormAndTheProcess) {
  const Json head = dump().at(0);
  EXPECT_EQ(head["hakmem_trace"], kTraceDumpVersion);
  EXPECT_EQ(head["pid"], getpid());
  EXPECT_NE(head["program"], "");
}

TEST_F(TraceDump, AnInstanceWithoutRingsHasNoEvents) {
  for (const Json& line : dump()) EXPECT_FALSE(line.contains("event")) << line;
}

TEST_F(TraceDump, ThreadsAreMergedByTime) {
  release(allocate(100));  // makes this thread's ring
  void* block = nullptr;
  for (unsigned round = 0; round < 20; ++round) {
    block = allocate(100);
    std::thread([&] {
      ThreadState thread(*domain_);
      release(thread, allocate(thread, 50));
      release(thread, block);
      detach_thread(*domain_, thread);
    }).join();
  }
  std::set<std::uint64_t> stacks, threads;
  std::uint64_t time = 0, last_call = 0, frees = 0;
  for (const Json& line : dump()) {
    const auto number = [&line](const char* key) { return line.at(key).get<std::uint64_t>(); };
    if (line.contains("pcs")) {
      EXPECT_TRUE(stacks.insert(number("stack")).second) << "a stack is written once";
      EXPECT_FALSE(line["pcs"].empty());
    }
    if (!line.contains("event")) continue;
    EXPECT_GE(number("time"), time) << line;
    time = number("time");
    threads.insert(number("thread"));
    if (!line.contains("bytes")) continue;
    EXPECT_GT(number("sequence"), last_call) << line;
    last_call = number("sequence");
    EXPECT_TRUE(stacks.contains(number("stack"))) << "a stack comes before who names it";
    frees += line["event"] == "free";
  }
  EXPECT_EQ(frees, 41u);
  EXPECT_GE(threads.size(), 2u);
}

TEST_F(TraceDump, AFullDescriptorIsNoticed) {
  release(allocate(100));
  const int fd = open("/dev/full", O_WRONLY);
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(write_trace_dump(fd, domain_->checks.rings, domain_->checks.depot));
  close(fd);
}

}  // namespace
}  // namespace hakmem
