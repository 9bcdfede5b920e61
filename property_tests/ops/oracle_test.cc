// The oracle and the interpreter are neither always content nor always angry: a correct malloc
// passes every schedule, and for each rule a malloc that breaks it once is found guilty of it.
#include <gtest/gtest.h>

#include <malloc.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "property_tests/ops/content.h"
#include "property_tests/ops/process_subject.h"
#include "property_tests/ops/schedule.h"
#include "property_tests/ops/text_form.h"

/// What ProcessSubject asks HAKMEM's libraries; here the test is the library.
static hakmem_stats stats_for_test = {};
__attribute__((visibility("default"))) int hakmem_stats_get(hakmem_stats* out, std::size_t) {
  *out = stats_for_test;
  return 0;
}

namespace hakmem::ops {
namespace {

/// The C library's malloc, with one answer that a test falsifies.
class WrongSubject : public Subject {
 public:
  std::function<void*(void*, const Operation&)> after_allocate =
      [](void* block, const Operation&) { return block; };
  std::function<void*(void*, const Operation&)> after_resize = after_allocate;
  std::function<void(void*)> before_release = [](void*) {};
  std::function<std::uint64_t(std::uint64_t)> after_usable = [](std::uint64_t n) { return n; };
  const char* broken_inside = nullptr;

  void* allocate(std::uint32_t thread, const Operation& operation) noexcept override {
    void* const block = process_.allocate(thread, operation);
    const int error = errno;
    errno = error;
    return after_allocate(block, operation);
  }
  void* resize(std::uint32_t thread, void* block, const Operation& operation) noexcept override {
    return after_resize(process_.resize(thread, block, operation), operation);
  }
  void release(std::uint32_t thread, const ReleaseCall& call) noexcept override {
    before_release(call.block);
    process_.release(thread, call);
  }
  std::uint64_t usable_size(void* block) noexcept override {
    return after_usable(process_.usable_size(block));
  }
  void purge() noexcept override { process_.purge(); }
  void thread_ends(std::uint32_t) noexcept override {}
  void copy(void* to, const void* from, std::size_t n) noexcept override {
    process_.copy(to, from, n);
  }
  const char* verify() noexcept override { return broken_inside; }

 private:
  ProcessSubject process_;
};

std::vector<Operation> parse(const std::string& text) {
  OperationList list;
  EXPECT_EQ(from_text("hkops 1\n" + text, list).sentence, "");
  return list.operations;
}

Finding finding_of(Subject& subject, const std::string& text, Schedule schedule) {
  const std::vector<Operation> operations = parse(text);
  Interpreter interpreter(operations, subject, {});
  run(interpreter, schedule);
  return interpreter.finding();
}

/// Expects that the subject is found guilty of `rule` at operation `index`.
void expect_guilty(Subject& subject, const std::string& text, Rule rule, std::uint64_t index) {
  const Finding finding = finding_of(subject, text, Schedule::Ordered);
  EXPECT_EQ(text_of(finding.rule), std::string(text_of(rule))) << finding.text;
  EXPECT_EQ(finding.index, index) << finding.text;
}

constexpr const char* kEverything =
    "malloc b0 bytes=0\nmalloc b1 bytes=100\ncalloc b2 count=10 bytes=30\n"
    "memalign b3 align=4096 bytes=10\nposix_memalign b4 align=64 bytes=200000\n"
    "posix_memalign b5 align=24 bytes=8\naligned_alloc b5 align=32 bytes=64\nvalloc b6 bytes=1\n"
    "pvalloc b7 bytes=5000\nnew b8 bytes=8\nnew_array b9 bytes=80\nnew_nothrow b10 bytes=1\n"
    "new_array_nothrow b11 bytes=3\nnew_aligned b12 align=128 bytes=10\n"
    "new_array_aligned b13 align=64 bytes=100\nnew_aligned_nothrow b14 align=32 bytes=7\n"
    "new_array_aligned_nothrow b15 align=32 bytes=7\nrealloc b1 bytes=100000\nrealloc b16 bytes=5\n"
    "reallocarray b2 count=3 bytes=5\nrealloc b0 bytes=0\nmalloc b17 bytes=18446744073709551615\n"
    "calloc b17 count=4294967296 bytes=4294967296\nrealloc b1 bytes=9223372036854775808\n"
    "new b17 bytes=9223372036854775808\nnew_nothrow b17 bytes=9223372036854775809\n"
    "thread_start thread=1\nt1 free b1\nt2 free_sized b2\nt1 free_aligned_sized b5\n"
    "t1 delete_sized b8\nt2 delete b9\nt2 thread_exit\nt2 delete_array_sized b11\n"
    "t1 thread_exit\nthread_start thread=1\nt1 delete_aligned_sized b12\nfork\npurge\n"
    "usable_size b3\nusable_size b3\nwrite b3\ncheck b3\nt3 write b3\nt1 realloc b3 bytes=9\n"
    "release b3\nrelease b3\ndouble_free b3\n";

TEST(Oracle, ACorrectMallocPassesEverySchedule) {
  for (const Schedule schedule : {Schedule::Inline, Schedule::Ordered, Schedule::Parallel}) {
    WrongSubject subject;
    const Finding finding = finding_of(subject, kEverything, schedule);
    EXPECT_EQ(finding.rule, Rule::None) << finding.text << " at " << finding.index;
  }
}

TEST(Oracle, WhatDoesNotApplyIsSkippedAndCounted) {
  ProcessSubject subject;
  const std::vector<Operation> operations =
      parse("free b0\nmalloc b0 bytes=1\nmalloc b0 bytes=1\nnew b1 bytes=2\nrealloc b1 bytes=3\n"
            "memalign b2 align=24 bytes=1\ncheck b2\noverflow b0 bytes=1\nstack_free\n");
  Interpreter interpreter(operations, subject, {});
  run(interpreter, Schedule::Inline);
  EXPECT_EQ(interpreter.finding().rule, Rule::None) << interpreter.finding().text;
  EXPECT_EQ(interpreter.counts().executed, 2u);
  EXPECT_EQ(interpreter.counts().skipped, 7u);
}

TEST(Oracle, ABlockHandedOutTwiceIsAnOverlap) {
  WrongSubject subject;
  void* first = nullptr;
  subject.after_allocate = [&](void* block, const Operation&) {
    return first == nullptr ? first = block : first;
  };
  expect_guilty(subject, "malloc b0 bytes=48\nmalloc b1 bytes=48\n", Rule::Overlap, 1);
}

TEST(Oracle, ABlockInsideALargeOneIsAnOverlap) {
  WrongSubject subject;
  char* first = nullptr;
  subject.after_allocate = [&](void* block, const Operation&) -> void* {
    if (first != nullptr) return first + 65536;
    return first = static_cast<char*>(block);
  };
  expect_guilty(subject, "malloc b0 bytes=200000\nmalloc b1 bytes=16\n", Rule::Overlap, 1);
}

TEST(Oracle, ABlockAroundALiveOneIsAnOverlap) {
  WrongSubject subject;
  alignas(4096) static char room[16 * 4096];
  subject.after_allocate = [&](void*, const Operation& operation) -> void* {
    return operation.block == 0 ? room + 8192 + 64 : room;
  };
  expect_guilty(subject, "malloc b0 bytes=16\nmalloc b1 bytes=65536\n", Rule::Overlap, 1);
}

TEST(Oracle, AMisalignedBlockIsFound) {
  WrongSubject subject;
  subject.after_allocate = [](void* block, const Operation&) -> void* {
    return static_cast<char*>(block) + 16;
  };
  expect_guilty(subject, "memalign b0 align=64 bytes=100\n", Rule::Alignment, 0);
  subject.after_allocate = [](void* block, const Operation&) -> void* {
    return static_cast<char*>(block) + 8;
  };
  expect_guilty(subject, "malloc b0 bytes=8\n", Rule::Alignment, 0);
}

TEST(Oracle, CallocThatLeavesAByteIsFound) {
  WrongSubject subject;
  subject.after_allocate = [](void* block, const Operation&) {
    static_cast<char*>(block)[998] = 1;
    return block;
  };
  expect_guilty(subject, "calloc b0 count=333 bytes=3\n", Rule::NotZero, 0);
}

TEST(Oracle, AWriteIntoSomebodyElsesBlockIsFound) {
  // All of a small block and both ends of a large one, the word a page between included.
  for (const std::size_t at : {0u, 7u, 99u, 4095u, 4096u, 8192u, 96000u, 99999u}) {
    WrongSubject subject;
    char* victim = nullptr;
    subject.after_allocate = [&](void* block, const Operation& operation) {
      if (operation.block == 0) victim = static_cast<char*>(block);
      if (operation.block == 1) victim[at] ^= 1;
      return block;
    };
    expect_guilty(subject, "malloc b0 bytes=100000\nmalloc b1 bytes=8\ncheck b0\n", Rule::Content,
                  2);
  }
}

TEST(Oracle, ReallocThatLosesAByteIsFound) {
  WrongSubject subject;
  subject.after_resize = [](void* block, const Operation&) {
    static_cast<char*>(block)[99] ^= 1;
    return block;
  };
  expect_guilty(subject, "malloc b0 bytes=100\nrealloc b0 bytes=200\n", Rule::Preserved, 1);
  expect_guilty(subject, "malloc b0 bytes=200\nrealloc b0 bytes=100\n", Rule::Preserved, 1);
}

TEST(Oracle, AFailedReallocThatDropsTheBlockIsFound) {
  WrongSubject subject;
  void* kept = nullptr;
  subject.after_allocate = [&](void* block, const Operation&) { return kept = block; };
  subject.after_resize = [&](void* block, const Operation&) {
    std::memset(kept, 0, 100);
    errno = ENOMEM;
    return block;
  };
  expect_guilty(subject, "malloc b0 bytes=100\nrealloc b0 bytes=9223372036854775808\n",
                Rule::Preserved, 1);
}

TEST(Oracle, AUsableSizeThatIsTooSmallOrChangesOrOverlapsIsFound) {
  WrongSubject subject;
  subject.after_usable = [](std::uint64_t n) { return n - 60; };
  expect_guilty(subject, "malloc b0 bytes=100\nusable_size b0\n", Rule::UsableSize, 1);
  std::uint64_t calls = 0;
  subject.after_usable = [&](std::uint64_t) { return 104u + calls++; };
  expect_guilty(subject, "malloc b0 bytes=100\nusable_size b0\nusable_size b0\n",
                Rule::UsableSize, 2);
  alignas(4096) static char room[4096];
  subject.after_allocate = [](void*, const Operation& operation) -> void* {
    return room + operation.block * 64;
  };
  subject.after_usable = [](std::uint64_t) { return 65u; };
  expect_guilty(subject, "malloc b0 bytes=8\nmalloc b1 bytes=8\nusable_size b0\n",
                Rule::UsableSize, 2);
}

TEST(Oracle, AWrongErrnoIsFound) {
  WrongSubject subject;
  subject.after_allocate = [](void* block, const Operation&) {
    errno = EAGAIN;
    return block;
  };
  expect_guilty(subject, "malloc b0 bytes=18446744073709551600\n", Rule::Errno, 0);
  expect_guilty(subject, "posix_memalign b0 align=3 bytes=8\n", Rule::Errno, 0);
  WrongSubject freeing;
  freeing.before_release = [](void*) { errno = EINVAL; };
  expect_guilty(freeing, "malloc b0 bytes=8\nfree b0\n", Rule::Errno, 1);
}

TEST(Oracle, GrantingTheImpossibleIsFound) {
  static char room[64];
  WrongSubject subject;
  subject.after_allocate = [](void*, const Operation&) -> void* { return room; };
  expect_guilty(subject, "malloc b0 bytes=9223372036854775808\n", Rule::Refusal, 0);
  expect_guilty(subject, "posix_memalign b0 align=24 bytes=8\n", Rule::Refusal, 0);
}

TEST(Oracle, WhatIsBrokenInsideIsFoundAtTheEnd) {
  WrongSubject subject;
  subject.broken_inside = "a list does not end";
  expect_guilty(subject, "malloc b0 bytes=8\nfree b0\n", Rule::Conservation, 1);
}

TEST(Oracle, ALibraryThatLosesALargeBlockIsFoundByItsOwnCounters) {
  for (const std::uint32_t level : {0u, 4u}) {
    stats_for_test.integrity_level = level;
    stats_for_test.large_blocks = 5;
    ProcessSubject subject;
    const Finding clean = finding_of(subject, "malloc b0 bytes=8\n", Schedule::Inline);
    EXPECT_EQ(clean.rule, Rule::None) << clean.text;
    stats_for_test.large_blocks = 6;
    const Finding lost = finding_of(subject, "malloc b0 bytes=8\n", Schedule::Inline);
    // At level 4 freed blocks rest, and are counted.
    EXPECT_EQ(lost.rule, level == 0 ? Rule::Conservation : Rule::None) << lost.text;
  }
}

TEST(Oracle, LostAndForeignBlocksAreCounted) {
  Oracle oracle;
  alignas(16) static char room[64];
  const auto at = reinterpret_cast<std::uintptr_t>(room);
  EXPECT_TRUE(oracle.allocated(1, {.bytes = 40}, at, 0).ok());
  EXPECT_TRUE(oracle.at_rest(1).ok());
  EXPECT_EQ(oracle.at_rest(0).rule, Rule::Conservation);
  EXPECT_EQ(oracle.owner_at(at + 39), 1u);
  EXPECT_EQ(oracle.owner_at(at + 40), 0u);
  EXPECT_EQ(oracle.releasing(2, at, 40, 40).rule, Rule::Conservation);
}

TEST(Oracle, AChildThatFailsIsFound) {
  WrongSubject subject;
  const pid_t parent = getpid();
  subject.before_release = [&](void*) {
    if (getpid() != parent) _exit(1);
  };
  expect_guilty(subject, "malloc b0 bytes=8\nfork\n", Rule::Child, 1);
}

TEST(Oracle, MinimalAlignmentOfSmallBlocksIsAParameter) {
  Oracle eight(8), sixteen(16);
  EXPECT_TRUE(eight.allocated(1, {.bytes = 8}, 4096 + 8, 0).ok());
  EXPECT_EQ(sixteen.allocated(1, {.bytes = 8}, 4096 + 8, 0).rule, Rule::Alignment);
  EXPECT_EQ(eight.allocated(1, {.bytes = 16}, 4096 + 24, 0).rule, Rule::Alignment);
}

/// Notices when a thread's number is used while its last thread has not ended.
class SlowToEnd final : public Subject {
 public:
  std::atomic<bool> ending[4] = {};
  std::atomic<bool> overlapped{false};
  void* allocate(std::uint32_t thread, const Operation& operation) noexcept override {
    if (ending[thread].load()) overlapped = true;
    return process_.allocate(thread, operation);
  }
  void thread_ends(std::uint32_t thread) noexcept override {
    ending[thread] = true;
    for (unsigned i = 0; i < 2000; ++i) sched_yield();
    ending[thread] = false;
  }
  void* resize(std::uint32_t, void*, const Operation&) noexcept override { return nullptr; }
  void release(std::uint32_t thread, const ReleaseCall& call) noexcept override {
    process_.release(thread, call);
  }
  std::uint64_t usable_size(void* block) noexcept override { return process_.usable_size(block); }
  void purge() noexcept override {}
  void copy(void*, const void*, std::size_t) noexcept override {}

 private:
  ProcessSubject process_;
};

TEST(Schedules, ANumberIsUsedAgainWhenItsLastThreadHasEnded) {
  for (const Schedule schedule : {Schedule::Ordered, Schedule::Parallel}) {
    SlowToEnd subject;
    const Finding finding = finding_of(
        subject,
        "t2 malloc b0 bytes=8\nt2 thread_exit\nt1 thread_start thread=2\nt2 malloc b1 bytes=8\n"
        "t2 thread_exit\nt2 malloc b2 bytes=8\n",
        schedule);
    EXPECT_EQ(finding.rule, Rule::None) << finding.text;
    EXPECT_FALSE(subject.overlapped);
  }
}

}  // namespace
}  // namespace hakmem::ops
