// fork() while other threads are inside malloc and free: the child's heap is usable and sound.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {

class Fork : public DomainTest {
 protected:
  /// Runs `in_child` in a forked child, as api/ forks; expects that it returns true there.
  template <class InChild>
  void fork_and(InChild in_child) {
    std::fflush(nullptr);
    lock_for_fork(*domain_);
    const pid_t child = fork();
    if (child == 0) {
      adopt_after_fork(*domain_, thread_);
      unlock_after_fork(*domain_);
      _exit(in_child() ? 0 : 1);
    }
    unlock_after_fork(*domain_);
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  }

  /// Every tier works: blocks are disjoint, stamped, whole, and can be freed.
  bool all_tiers_work() {
    LiveBlocks live;
    for (const std::size_t bytes : {16ul, 100ul, 1000ul, 5000ul, 60000ul, 200000ul, 40ul << 20}) {
      for (unsigned i = 0; i < 6; ++i) live.add(allocate(bytes), bytes);
    }
    while (!live.empty()) {
      void* const block = live.any();
      live.remove(block);
      release(block);
    }
    return !HasFailure();
  }
  /// Every heap that a child may use is sound once it was taken over.
  bool heaps_are_sound() {
    std::vector<ThreadState> takers(domain_->slabs.registry.count() + 1, ThreadState(*domain_));
    for (ThreadState& taker : takers) attach_thread(*domain_, taker);
    bool sound = domain_->slabs.pool.verify() && domain_->large.verify();
    domain_->slabs.registry.for_each([&](const Heap& heap) {
      sound &= heap.state != HeapState::Owned || verify_heap(heap) == SlabDefect::None;
    });
    return sound;
  }
};

TEST_F(Fork, AFreeThatTheForkCutOffBeforeItsSlabWasListedIsNotLost) {
  if (kIntegrityLevel != 0) GTEST_SKIP() << "SKIPPED: the queue is pushed to past the checks";
  void* const block = allocate(32);
  void* const other = allocate(32);
  ASSERT_NE(block, nullptr);
  ASSERT_NE(other, nullptr);
  Slab& slab = *locate(*domain_, wild(block)).slab;
  const auto base_of = [](void* user) {
    return to_base(SlabUser::unsafe_from(static_cast<std::byte*>(user)));
  };
  // As a thread that pushed and was not there any more to list the slab.
  ASSERT_TRUE(slab.shared_remote.push({base_of(block), base_of(block), 1}));
  fork_and([&] {
    const std::uint32_t used = slab.used;
    free_remote(slab, {base_of(other), base_of(other), 1});
    return drain_all(domain_->slabs, heap()) && slab.used == used - 2 &&
           verify_heap(heap()) == SlabDefect::None;
  });
  heap().shared_pending[index_of(slab.class_index)].push(slab);
  release(other);
}

TEST_F(Fork, TheChildOfOneThreadGoesOnWithItsOwnHeap) {
  LiveBlocks live;
  for (std::size_t bytes = 1; bytes < 100000; bytes = bytes * 3 + 1) {
    live.add(allocate(bytes), bytes);
  }
  const Heap* const own = &heap();
  fork_and([&] {
    while (!live.empty()) {
      void* const block = live.any();
      live.remove(block);
      release(block);
    }
    return thread_.heap == own && all_tiers_work() && heaps_are_sound();
  });
  while (!live.empty()) {
    void* const block = live.any();
    live.remove(block);  // the parent's contents are its own
    release(block);
  }
}

TEST_F(Fork, TheChildMayFreeWhatOtherThreadsAllocated) {
  ThreadState other(*domain_);
  std::vector<void*> blocks;
  for (unsigned i = 0; i < 200; ++i) blocks.push_back(allocate(other, 1 + i * 20));
  release(allocate(10));
  fork_and([&] {
    for (void* block : blocks) release(block);
    return all_tiers_work() && heaps_are_sound();
  });
  for (void* block : blocks) release(other, block);
  detach_thread(*domain_, other);
}

TEST_F(Fork, WhileThreadsAllocateAndFreeEveryChildIsSound) {
  constexpr unsigned kThreads = 3, kForks = 12;
  std::atomic<bool> stop{false};
  std::atomic<unsigned> busy{0};
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ThreadState thread(*domain_);
      std::vector<void*> blocks;
      for (unsigned i = 0; !stop; ++i) {
        blocks.push_back(allocate(thread, 1 + i * (37 + t) % (i % 64 == 0 ? 90000 : 700)));
        if (blocks.size() == 64) {
          for (void* block : blocks) release(thread, block);
          blocks.clear();
        }
        if (i == 100) ++busy;
      }
      for (void* block : blocks) release(thread, block);
      detach_thread(*domain_, thread);
    });
  }
  while (busy != kThreads) std::this_thread::yield();
  for (unsigned i = 0; i < kForks; ++i) {
    fork_and([&] { return all_tiers_work() && heaps_are_sound(); });
    release(allocate(100));
  }
  stop = true;
  threads.clear();
}

}  // namespace
}  // namespace hakmem
