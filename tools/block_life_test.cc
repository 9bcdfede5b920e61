// A block's life: the right block, newest first, each call once, from report, trace or both.
#include "tools/block_life.h"

#include <gtest/gtest.h>

#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

constexpr std::uint64_t kUser = 0x7f31c2a00480;  // of the sample report: 40 bytes

TraceStep call(const char* what, std::uint64_t sequence, std::uint64_t address,
               std::uint64_t bytes) {
  TraceStep step;
  step.what = what;
  step.time = step.sequence = sequence;
  step.address = address;
  step.bytes = bytes;
  step.thread_id = 5;
  step.stack_id = 1;
  return step;
}

TraceFile sample_trace() {
  TraceFile trace;
  trace.thread_names[5] = "worker-5";
  trace.code.push_back({"/srv/bin/server", 0x5000, 0x6000, 0x4000});
  trace.stacks[1] = {0x5101};
  TraceStep link = call("link set", 11, kUser - 16, 0);
  link.to = 0x7f31c2a00430;
  trace.steps = {call("alloc", 10, kUser, 30), call("free", 11, kUser, 30), link,
                 call("alloc", 12, kUser + 1024, 30), call("alloc", 13, kUser, 20)};
  return trace;
}

std::vector<std::uint64_t> numbers_of(const BlockLife& life) {
  std::vector<std::uint64_t> numbers;
  for (const LifeStep& step : life.steps) numbers.push_back(step.sequence);
  return numbers;
}

TEST(BlockLife, AReportAloneTellsItsEventsAndItsHistory) {
  Json json = sample_report();
  add_history(json);
  const Report report = parsed(json);
  const auto life = find_life(kUser + 8, report.findings, nullptr, false);
  ASSERT_TRUE(life);
  EXPECT_EQ(life->user, kUser);
  ASSERT_GE(life->steps.size(), 4u);
  EXPECT_TRUE(std::is_sorted(life->steps.rbegin(), life->steps.rend(),
                             [](const LifeStep& a, const LifeStep& b) {
                               return a.sequence < b.sequence;
                             }));
  const std::string text = render_life(*life, kUser + 8);
  EXPECT_TRUE(text.starts_with("block 0x7f31c2a00480   40 B   0x7f31c2a00488 is at +8\n")) << text;
  EXPECT_TRUE(has_part(text, "  #164411    free      40 B   T1 \"main\"\n")) << text;
  EXPECT_TRUE(has_part(text, "    #0 Conn::~Conn()  conn.cpp:131\n")) << text;
}

TEST(BlockLife, ATraceAloneTellsTheCallsOnThatBlockNewestFirst) {
  const TraceFile trace = sample_trace();
  const auto life = find_life(kUser, {}, &trace, false);
  ASSERT_TRUE(life);
  EXPECT_EQ(life->request_bytes, 20u) << "the newest block there";
  EXPECT_EQ(numbers_of(*life), (std::vector<std::uint64_t>{13, 11, 10}));
  const std::string text = render_life(*life, kUser);
  EXPECT_TRUE(has_part(text,
                       "  #11        free      30 B   T5 \"worker-5\"\n    #0 server+0x1100\n"))
      << text;
}

TEST(BlockLife, TheAllocatorsStepsComeWhenAskedFor) {
  const TraceFile trace = sample_trace();
  const auto life = find_life(kUser, {}, &trace, true);
  ASSERT_TRUE(life);
  EXPECT_EQ(numbers_of(*life), (std::vector<std::uint64_t>{13, 11, 11, 10}));
  EXPECT_TRUE(has_part(render_life(*life, kUser), "link set  to 0x7f31c2a00430 at 0x7f31c2a00470"));
}

TEST(BlockLife, WhatBothKnowIsSaidOnceWithTheBetterStack) {
  Report report = parsed(sample_report());
  TraceFile trace = sample_trace();
  ASSERT_EQ(report.findings[0].events[1].name, "freed");
  const std::uint64_t freed = report.findings[0].events[1].sequence;
  trace.steps.push_back(call("free", freed, kUser, 40));
  const auto life = find_life(kUser, report.findings, &trace, false);
  ASSERT_TRUE(life);
  const std::vector<std::uint64_t> numbers = numbers_of(*life);
  EXPECT_EQ(std::count(numbers.begin(), numbers.end(), freed), 1);
  EXPECT_TRUE(has_part(render_life(*life, kUser), "Conn::~Conn()"));
}

TEST(BlockLife, TheNearestBlockIsTakenAndSaidToBe) {
  const TraceFile trace = sample_trace();
  const auto past = find_life(kUser + 35, {}, &trace, false);
  ASSERT_TRUE(past);
  EXPECT_EQ(past->request_bytes, 30u) << "an earlier owner came nearer than the last";
  EXPECT_TRUE(has_part(render_life(*past, kUser + 35), "is 6 past its end"));
  const auto before = find_life(kUser - 1, {}, &trace, false);
  ASSERT_TRUE(before);
  EXPECT_TRUE(has_part(render_life(*before, kUser - 1), "is 1 before its start"));
  EXPECT_FALSE(find_life(kUser + 512, {}, &trace, false));
  EXPECT_FALSE(find_life(kUser, {}, nullptr, false));
}

}  // namespace
}  // namespace hakmem::tools
