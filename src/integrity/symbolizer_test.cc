// The symbolizer names this test's own functions and lines; without one, or with a broken one,
// frames keep module and offset.
#include "integrity/symbolizer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "base/compiler.h"
#include "integrity/resolved.h"
#include "integrity/run_child_for_test.h"

namespace hakmem {
namespace {

constexpr std::uint64_t kLimitMs = 60000;

struct Captured {
  StackTrace stack;
  unsigned line = 0;
};

HAK_NOINLINE void capture_here(Captured& captured) {
  capture_stack(StackMethod::Safe, 8, 0, captured.stack); captured.line = __LINE__;
  asm volatile("" ::: "memory");
}

constexpr unsigned kInlinedLine = __LINE__ + 2;
HAK_INLINE void inlined_into_outer(Captured& captured) {
  capture_here(captured);
  asm volatile("" ::: "memory");
}

HAK_NOINLINE void outer_of_inlined(Captured& captured) {
  inlined_into_outer(captured);
  asm volatile("" ::: "memory");
}

class Symbolizer : public testing::Test {
 protected:
  ~Symbolizer() override { set_symbolizers_for_test(nullptr); }

  const ResolvedStack& resolve(const StackTrace& stack, std::uint64_t limit_ms = kLimitMs) {
    finding_->detected.stack = stack;
    resolve_finding(*finding_, true, limit_ms, *resolved_);
    return resolved_->detected;
  }
  static bool have(const char* program) { return access(program, X_OK) == 0; }

  /// Lines and nesting; functions too, but for inlined ones if `inlined_name` is false.
  void expect_named(const Captured& captured, bool inlined_name) {
    const ResolvedStack& stack = resolve(captured.stack);
    ASSERT_GE(stack.count, 3u);
    EXPECT_NE(std::string(stack.frames[0].function).find("capture_here"), std::string::npos);
    EXPECT_STREQ(file_name_of(stack.frames[0].file), "symbolizer_test.cc");
    EXPECT_EQ(stack.frames[0].line, captured.line);
    EXPECT_FALSE(stack.frames[0].inlined);
    EXPECT_EQ(stack.frames[1].line, kInlinedLine);
    if (inlined_name) {
      const std::string inlined = stack.frames[1].function;
      EXPECT_NE(inlined.find("inlined_into_outer"), std::string::npos);
    }
    EXPECT_TRUE(stack.frames[1].inlined);
    EXPECT_NE(std::string(stack.frames[2].function).find("outer_of_inlined"), std::string::npos);
    EXPECT_FALSE(stack.frames[2].inlined);
    EXPECT_EQ(stack.frames[1].pc, stack.frames[2].pc);
  }
  void expect_unnamed(const Captured& captured, std::uint64_t limit_ms = kLimitMs) {
    const ResolvedStack& stack = resolve(captured.stack, limit_ms);
    ASSERT_EQ(stack.count, captured.stack.count);
    for (std::uint32_t i = 0; i < stack.count; ++i) {
      EXPECT_STREQ(stack.frames[i].function, "");
      EXPECT_EQ(stack.frames[i].line, 0u);
      ASSERT_NE(stack.frames[i].module, nullptr);
      EXPECT_EQ(stack.frames[i].offset, captured.stack.pcs[i] - 1 - stack.frames[i].module->bias);
    }
  }
  static Captured captured() {
    Captured result;
    outer_of_inlined(result);
    return result;
  }

 private:
  std::unique_ptr<Finding> finding_ = std::make_unique<Finding>();
  std::unique_ptr<ResolvedFinding> resolved_ = std::make_unique<ResolvedFinding>();
};

TEST_F(Symbolizer, LlvmSymbolizerNamesFunctionsLinesAndInlinedFrames) {
  if (!have("/usr/bin/llvm-symbolizer")) GTEST_SKIP() << "no /usr/bin/llvm-symbolizer";
  static constexpr const char* kOnly[] = {"/usr/bin/llvm-symbolizer", nullptr};
  set_symbolizers_for_test(kOnly);
  expect_named(captured(), true);
}

TEST_F(Symbolizer, Addr2lineDoesTheSame) {
  if (!have("/usr/bin/addr2line")) GTEST_SKIP() << "no /usr/bin/addr2line";
  static constexpr const char* kOnly[] = {"/usr/bin/addr2line", nullptr};
  set_symbolizers_for_test(kOnly);
  expect_named(captured(), false);  // it takes names of inlined calls from the symbol table
}

TEST_F(Symbolizer, AMissingOneLeavesModuleAndOffset) {
  static constexpr const char* kNone[] = {"/nowhere/llvm-symbolizer", nullptr};
  set_symbolizers_for_test(kNone);
  expect_unnamed(captured());
}

TEST_F(Symbolizer, OneThatEndsAtOnceLeavesModuleAndOffset) {
  static constexpr const char* kFalse[] = {"/bin/false", nullptr};
  set_symbolizers_for_test(kFalse);
  expect_unnamed(captured());
}

TEST_F(Symbolizer, OneThatNeverAnswersIsEndedAtTheTimeLimit) {
  const TestFolder folder;
  const std::string script = folder.file("hang");
  std::ofstream(script) << "#!/bin/sh\nexec tail -f /dev/null\n";
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  const char* const programs[] = {script.c_str(), nullptr};
  set_symbolizers_for_test(programs);
  expect_unnamed(captured(), 50);
}

TEST_F(Symbolizer, EndlessNonsenseIsCutOff) {
  const TestFolder folder;
  const std::string script = folder.file("noise");
  std::ofstream(script) << "#!/bin/sh\nexec yes ''\n";
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  const char* const programs[] = {script.c_str(), nullptr};
  set_symbolizers_for_test(programs);
  expect_unnamed(captured());
}

TEST_F(Symbolizer, ItsEnvironmentHasNothingOfOurs) {
  const TestFolder folder;
  const std::string script = folder.file("show"), shown = folder.file("shown");
  std::ofstream(script) << "#!/bin/sh\nenv > " << shown << "\n";
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  setenv("DEBUGINFOD_URLS", "https://example.invalid", 1);
  setenv("HAKMEM_OPTIONS", "leaks=1", 1);
  const char* const programs[] = {script.c_str(), nullptr};
  set_symbolizers_for_test(programs);
  expect_unnamed(captured());
  unsetenv("DEBUGINFOD_URLS");
  unsetenv("HAKMEM_OPTIONS");
  const std::string environment = TestFolder::content(shown);
  EXPECT_NE(environment.find("PATH="), std::string::npos);
  EXPECT_EQ(environment.find("DEBUGINFOD_URLS"), std::string::npos);
  EXPECT_EQ(environment.find("HAKMEM"), std::string::npos);
}

}  // namespace
}  // namespace hakmem
