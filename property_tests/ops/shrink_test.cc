// The property tests can fail: a malloc with a planted defect, be it a wrong answer, a crash or a
// report, is found, and what is left in the file is a short list that still shows it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "property_tests/ops/draw_for_test.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/process_subject.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::ops {
namespace {

enum class Defect { None, LosesOnResize, CrashesWhenFull, ExitsOnSecondFree };

/// The C library's malloc with one defect.
class DefectSubject final : public Subject {
 public:
  explicit DefectSubject(Defect defect) : defect_(defect) {}
  void* allocate(std::uint32_t thread, const Operation& operation) noexcept override {
    void* const block = process_.allocate(thread, operation);
    if (block != nullptr && bytes_of(operation) > 1000) large_.insert(block);
    if (defect_ == Defect::CrashesWhenFull && large_.size() == 3) std::abort();
    return block;
  }
  void* resize(std::uint32_t thread, void* block, const Operation& operation) noexcept override {
    void* const result = process_.resize(thread, block, operation);
    const bool loses = defect_ == Defect::LosesOnResize && block != nullptr && result != nullptr;
    if (loses && bytes_of(operation) >= 8) static_cast<char*>(result)[7] ^= 1;
    return result;
  }
  void release(std::uint32_t thread, const ReleaseCall& call) noexcept override {
    if (defect_ == Defect::ExitsOnSecondFree && large_.contains(call.block)) _exit(86);
    large_.erase(call.block);
    process_.release(thread, call);
  }
  std::uint64_t usable_size(void* block) noexcept override { return process_.usable_size(block); }
  void purge() noexcept override {}
  void thread_ends(std::uint32_t) noexcept override {}
  void copy(void* to, const void* from, std::size_t n) noexcept override {
    process_.copy(to, from, n);
  }

 private:
  ProcessSubject process_;
  Defect defect_;
  std::set<void*> large_;
};

CaseResult run_with(Defect defect, const OperationList& list) {
  return run_case(list, [&](std::uint32_t) { return std::make_unique<DefectSubject>(defect); },
                  Schedule::Inline, {.fork = false});
}

/// Has the defect found and shrunk; returns what is in the file then.
OperationList shrunk(Defect defect, std::string& message) {
  const tools::ScratchFolder folder;
  setenv("HAKMEM_OPS_FAILED", folder.path().c_str(), 1);
  OperationList list;
  const auto property = [&](const std::vector<Draw>& draws) {
    const OperationList drawn = list_of(draws);
    const CaseResult result = run_with(defect, drawn);
    if (!result.ok) message = describe_failure(drawn, result, "shrunk", "--malloc libc");
    RC_ASSERT(result.ok);
  };
  EXPECT_FALSE(rc::check("a planted defect", property));
  EXPECT_EQ(read_file(folder.path() / "shrunk.hkops", list).sentence, "");
  unsetenv("HAKMEM_OPS_FAILED");
  return list;
}

TEST(Shrinking, AWrongAnswerEndsAsAListOfTwoOperations) {
  std::string message;
  const OperationList list = shrunk(Defect::LosesOnResize, message);
  EXPECT_LE(list.operations.size(), 2u) << to_text(list);
  EXPECT_FALSE(run_with(Defect::LosesOnResize, list).ok);
  EXPECT_TRUE(run_with(Defect::None, list).ok);
  EXPECT_NE(message.find("realloc did not keep a byte"), std::string::npos) << message;
  EXPECT_NE(message.find("commit "), std::string::npos) << message;
  EXPECT_NE(message.find("shrunk.hkops --malloc libc\n"), std::string::npos) << message;
}

TEST(Shrinking, ACrashEndsAsAListOfThreeOperations) {
  std::string message;
  const OperationList list = shrunk(Defect::CrashesWhenFull, message);
  EXPECT_LE(list.operations.size(), 3u) << to_text(list);
  EXPECT_NE(message.find("killed by signal 6"), std::string::npos) << message;
}

TEST(Shrinking, AReportThatEndsTheProcessIsShrunkToo) {
  std::string message;
  const OperationList list = shrunk(Defect::ExitsOnSecondFree, message);
  EXPECT_LE(list.operations.size(), 2u) << to_text(list);
  EXPECT_NE(message.find("ended with status 86"), std::string::npos) << message;
}

TEST(Generator, ASeedAlwaysGivesTheSameListAndEveryVerbOccurs) {
  const Shape shape{.operations = 20000, .fork = true, .misuse = true};
  EXPECT_EQ(generate(5, shape), generate(5, shape));
  EXPECT_NE(generate(5, shape), generate(6, shape));
  std::set<Verb> seen;
  for (const Operation& operation : generate(5, shape).operations) seen.insert(operation.verb);
  EXPECT_EQ(seen.size(), kVerbCount);
}

}  // namespace
}  // namespace hakmem::ops
