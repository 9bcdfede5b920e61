// The memory timeline follows what a program allocates, frees and resizes, on whatever thread.
#include "gate/memory_sample.h"

#include <gtest/gtest.h>

#include <thread>

#include "gate/domain_for_test.h"
#include "gate/operation.h"

namespace hakmem {
namespace {

class MemorySampleOf : public DomainTest {
 protected:
  MemorySample measure() {
    MemorySample sample;
    EXPECT_TRUE(try_measure(*domain_, sample));
    return sample;
  }
};

TEST_F(MemorySampleOf, LiveBytesAreThoseRequestedAndNotFreed) {
  void* const small = allocate(100);
  void* const large = allocate(kMiB);
  EXPECT_EQ(measure().live_bytes, 100 + kMiB);
  void* const grown = reallocate(small, 120);
  EXPECT_EQ(measure().live_bytes, 120 + kMiB);
  void* const moved = reallocate(grown, 5000);
  EXPECT_EQ(measure().live_bytes, 5000 + kMiB);
  EXPECT_GT(measure().quarantined_bytes, 0u);
  std::thread([&] {
    ThreadState thread(*domain_);
    release(thread, moved);
    release(thread, large);
    detach_thread(*domain_, thread);
  }).join();
  EXPECT_EQ(measure().live_bytes, 0u);
}

TEST_F(MemorySampleOf, ThreadsWithoutAHeapCountToo) {
  void* block = nullptr;
  std::thread([&] {
    ThreadState thread(*domain_);
    thread.exit_rounds = kExitRoundsMax;  // its exit handlers have run: each call borrows a heap
    block = allocate(thread, 100);
  }).join();
  EXPECT_EQ(measure().live_bytes, 100u);
  release(block);
  EXPECT_EQ(measure().live_bytes, 0u);
}

TEST_F(MemorySampleOf, MappedBytesGrowWithWhatIsTaken) {
  release(allocate(100));
  const std::uint64_t before = measure().mapped_bytes;
  EXPECT_GE(before, kGeometry.superslab_bytes());
  void* const huge = allocate(64 * kMiB);
  EXPECT_GE(measure().mapped_bytes, before + 64 * kMiB);
  release(huge);
}

TEST_F(MemorySampleOf, OperationsTakeSamples) {
  void* blocks[10];
  for (void*& block : blocks) block = allocate(1000);
  MemorySample samples[MemoryTimeline::kSamplesMax];
  const std::uint32_t count = domain_->checks.timeline.copy_to(samples);
  ASSERT_EQ(count, 10u);
  EXPECT_EQ(samples[9].live_bytes, 9000u) << "taken as the tenth allocation began";
  for (void* const block : blocks) release(block);
}

TEST_F(MemorySampleOf, AHeldLockCostsTheSampleAlone) {
  release(allocate(100));
  const std::uint64_t before = domain_->checks.shared_sequence.load(SequenceOrders::kAny);
  MemorySample samples[MemoryTimeline::kSamplesMax];
  const std::uint32_t count = domain_->checks.timeline.copy_to(samples);
  {
    LockScope scope(domain_->slabs.registry.lock_for_fork());
    release(allocate(100));
  }
  EXPECT_EQ(domain_->checks.shared_sequence.load(SequenceOrders::kAny), before + 2);
  EXPECT_EQ(domain_->checks.timeline.copy_to(samples), count);
}

}  // namespace
}  // namespace hakmem
