// However long a process runs, its samples fit, ascend and are spread over all of it.
#include "integrity/memory_timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace hakmem {
namespace {

constexpr std::uint32_t kTimelineMax = MemoryTimeline::kSamplesMax;

/// Runs that many operations, one a millisecond; returns how many samples they took.
std::uint64_t run(MemoryTimeline& timeline, std::uint64_t operations) {
  std::uint64_t taken = 0;
  for (std::uint64_t operation = 1; operation <= operations; ++operation) {
    if (!timeline.wants(operation)) continue;
    timeline.add({operation, 2 * operation, 0, 0});
    ++taken;
  }
  return taken;
}

TEST(MemoryTimeline, AShortRunIsSampledAtEachOperation) {
  const auto timeline = std::make_unique<MemoryTimeline>();
  EXPECT_EQ(run(*timeline, 10), 10u);
  MemorySample samples[kTimelineMax];
  ASSERT_EQ(timeline->copy_to(samples), 10u);
  EXPECT_EQ(samples[0].ms, 1u);
  EXPECT_EQ(samples[9].ms, 10u);
  EXPECT_EQ(samples[9].live_bytes, 20u);
}

TEST(MemoryTimeline, ALongRunIsSpreadOverItsSamples) {
  constexpr std::uint64_t kOperations = 1'000'000;
  const auto timeline = std::make_unique<MemoryTimeline>();
  // kTimelineMax at first, and half of that for each doubling of the distance.
  EXPECT_LE(run(*timeline, kOperations), kTimelineMax + kTimelineMax / 2 * 12);
  MemorySample samples[kTimelineMax];
  const std::uint32_t count = timeline->copy_to(samples);
  ASSERT_GE(count, kTimelineMax / 2 - 1);
  ASSERT_LE(count, kTimelineMax);
  std::uint64_t shortest = kOperations, longest = 0;
  for (std::uint32_t i = 1; i < count; ++i) {
    const std::uint64_t distance = samples[i].ms - samples[i - 1].ms;
    shortest = std::min(shortest, distance);
    longest = std::max(longest, distance);
  }
  EXPECT_LE(longest, 2 * shortest);
  EXPECT_LE(samples[0].ms, longest);
  EXPECT_LE(kOperations - samples[count - 1].ms, longest);
}

}  // namespace
}  // namespace hakmem
