#include "gate/thread_lifecycle.h"

#include <gtest/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

class ThreadLifecycle : public DomainTest {
 protected:
  std::vector<void*> many(ThreadState& thread, std::size_t bytes, std::size_t count) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocate(thread, bytes));
    return blocks;
  }
};

TEST_F(ThreadLifecycle, TheFirstAllocationAttachesAndDetachLeaves) {
  EXPECT_FALSE(has_heap(*domain_, thread_));
  void* const block = allocate(10);
  ASSERT_TRUE(has_heap(*domain_, thread_));
  EXPECT_EQ(thread_.tag_bits, MapEntry::tag_bits(heap().tag));
  Heap& own = heap();
  release(block);
  detach_thread(*domain_, thread_);
  EXPECT_FALSE(has_heap(*domain_, thread_));
  EXPECT_EQ(thread_.tag_bits, ThreadState::kNoTag);
  EXPECT_NE(own.state, HeapState::Owned);
  detach_thread(*domain_, thread_);  // once more is nothing
}

TEST_F(ThreadLifecycle, AnEmptyHeapKeepsNoMemoryAtThreadExit) {
  limit_quarantine(*domain_, 0, 0);
  for (void* block : many(thread_, 500, 400)) release(block);
  Heap& own = heap();
  detach_thread(*domain_, thread_);
  EXPECT_FALSE(own.has_memory());
  EXPECT_EQ(own.state, HeapState::Vacant);
  EXPECT_EQ(domain_->slabs.pool.cached_count(), domain_->slabs.pool.count());
}

TEST_F(ThreadLifecycle, WhatOthersFreedIsNotKeptAtThreadExit) {
  limit_quarantine(*domain_, 0, 0);
  const std::vector<void*> blocks = many(thread_, 500, 400);
  Heap& own = heap();
  ThreadState other(*domain_);
  for (void* block : blocks) release(other, block);
  detach_thread(*domain_, thread_);
  EXPECT_FALSE(own.has_memory());
  detach_thread(*domain_, other);
}

TEST_F(ThreadLifecycle, AHeapWithLiveBlocksWaitsForTheNextThread) {
  void* const block = allocate(500);
  Heap& left = heap();
  detach_thread(*domain_, thread_);
  EXPECT_EQ(left.state, HeapState::Abandoned);
  ThreadState next(*domain_);
  ASSERT_TRUE(attach_thread(*domain_, next));
  EXPECT_EQ(next.heap, &left);
  release(next, block);
  detach_thread(*domain_, next);
}

TEST_F(ThreadLifecycle, AThreadWithoutAHeapFreesRemotely) {
  limit_quarantine(*domain_, 0, 0);
  const std::vector<void*> blocks = many(thread_, 500, 50);
  ThreadState other(*domain_);
  for (void* block : blocks) release(other, block);
  drain_everything(*domain_);
  detach_thread(*domain_, thread_);
  EXPECT_EQ(domain_->slabs.pool.cached_count(), domain_->slabs.pool.count()) << "a block was lost";
  detach_thread(*domain_, other);
}

TEST_F(ThreadLifecycle, AfterTheLastExitRoundEachOperationBringsTheHeapBack) {
  limit_quarantine(*domain_, 0, 0);
  release(allocate(10));
  thread_.exit_rounds = kExitRoundsMax;
  detach_thread(*domain_, thread_);
  std::vector<void*> blocks;
  for (unsigned i = 0; i < 20; ++i) {
    blocks.push_back(allocate(100));
    ASSERT_NE(blocks.back(), nullptr);
    EXPECT_FALSE(has_heap(*domain_, thread_)) << "nobody calls us again";
  }
  for (void* block : blocks) {
    release(block);
    EXPECT_FALSE(has_heap(*domain_, thread_));
  }
  EXPECT_EQ(domain_->slabs.registry.count(), 1u) << "the same heap, again and again";
  drain_everything(*domain_);
}

TEST_F(ThreadLifecycle, WithoutMemoryThereIsNoHeapAndTheNextTryWorks) {
  ASSERT_TRUE(domain_->ensure_initialised());
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_FALSE(attach_thread(*domain_, thread_));
  EXPECT_FALSE(has_heap(*domain_, thread_));
  EXPECT_EQ(allocate(10), nullptr);
  os::plan_faults_for_test({});
  EXPECT_TRUE(attach_thread(*domain_, thread_));
}

TEST_F(ThreadLifecycle, MoreThreadsThanTagsShareTheTaglessWay) {
  limit_quarantine(*domain_, 0, 0);
  constexpr std::size_t kThreads = 8;  // the tiny geometry has three tags
  std::vector<ThreadState> threads(kThreads, ThreadState(*domain_));
  std::vector<std::vector<void*>> blocks;
  for (ThreadState& thread : threads) blocks.push_back(many(thread, 200, 40));
  for (std::size_t t = 0; t < kThreads; ++t) {
    const bool tagged = t < kGeometry.owner_tags_max;
    EXPECT_EQ(threads[t].tag_bits != ThreadState::kNoTag, tagged) << t;
    for (std::size_t i = 0; i < blocks[t].size(); ++i) {
      release(i % 2 == 0 ? threads[t] : threads[(t + 1) % kThreads], blocks[t][i]);
    }
  }
  drain_everything(*domain_);
  expect_sound(*domain_);
  for (ThreadState& thread : threads) detach_thread(*domain_, thread);
  EXPECT_EQ(domain_->slabs.pool.cached_count(), domain_->slabs.pool.count()) << "a block was lost";
}

TEST_F(ThreadLifecycle, PressureTakesOverWhatThreadsLeftAndShedsIt) {
  limit_quarantine(*domain_, 0, 0);
  ThreadState gone(*domain_);
  const std::vector<void*> blocks = many(gone, 500, 300);
  void* const own = allocate(100);  // before, or this thread would get the heap that is left
  detach_thread(*domain_, gone);
  ThreadState freeing(*domain_);
  for (void* block : blocks) release(freeing, block);
  detach_thread(*domain_, freeing);
  relieve_pressure(*domain_, thread_);
  expect_sound(*domain_);
  EXPECT_LE(domain_->slabs.pool.count() - domain_->slabs.pool.cached_count(), 1u)
      << "only the SuperSlab with the live block is held";
  release(own);
}

}  // namespace
}  // namespace hakmem
