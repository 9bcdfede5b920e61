// Page mode with many threads and over fork(): no block is lost, damaged or closed too early.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "gate/exit_sweep.h"
#include "gate/page_mode_for_test.h"

namespace hakmem {
namespace {

class PageThreads : public PageModeTest {
 protected:
  struct Stamped {
    void* block;
    std::size_t bytes;
    std::uint64_t stamp;
  };
  /// Blocks that any thread may free.
  std::vector<Stamped> shelf_;
  std::mutex mutex_;
  std::atomic<unsigned> damaged_{0};

  Stamped exchange(const Stamped& mine, std::uint64_t draw) {
    const std::scoped_lock lock(mutex_);
    if (shelf_.size() < 100) {
      shelf_.push_back(mine);
      return {};
    }
    const Stamped theirs = shelf_[draw % shelf_.size()];
    shelf_[draw % shelf_.size()] = mine;
    return theirs;
  }
  void check_and_free(ThreadState& thread, const Stamped& item) {
    if (item.block == nullptr) return;
    if (!stamp_is_whole(item.block, item.bytes, item.bytes, item.stamp)) ++damaged_;
    release(thread, item.block);
  }
  void work(unsigned number, unsigned operations) {
    ThreadState thread(*domain_);
    for (unsigned i = 0; i < operations; ++i) {
      const std::uint64_t stamp = std::uint64_t{number} << 32 | i;
      const std::size_t bytes = (i * 131 + number * 17) % (i % 50 == 0 ? 200000 : 2000);
      void* const block = allocate(thread, bytes);
      write_stamp(block, bytes, stamp);
      check_and_free(thread, exchange({block, bytes, stamp}, stamp * 0x9e3779b97f4a7c15u >> 40));
    }
    detach_thread(*domain_, thread);
  }
};
INSTANTIATE_TEST_SUITE_P(Sides, PageThreads, both_sides(), side_name);

TEST_P(PageThreads, BlocksFreedByOtherThreadsAreWholeWithinAndBeyondTheBudget) {
  enable(60);  // fewer than live at once: some blocks are ordinary
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t) threads.emplace_back([this, t] { work(t, 1500); });
  }
  EXPECT_EQ(damaged_, 0u);
  for (const Stamped& item : shelf_) check_and_free(thread_, item);
  const PageStats stats = domain_->pages.stats();
  EXPECT_EQ(stats.live_blocks, 0u);
  EXPECT_GT(stats.declined, 0u);
  EXPECT_GT(stats.resting_blocks, 1000u);
}

TEST_P(PageThreads, SweepsBesideWorkingThreadsReportNothing) {
  enable(60);
  domain_->checks.check_every = 97;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 3; ++t) threads.emplace_back([this, t] { work(t, 400); });
    EXPECT_EQ(sweep_at_exit(*domain_), 0u);
  }
  domain_->checks.check_every = 0;
  EXPECT_EQ(damaged_, 0u);
  for (const Stamped& item : shelf_) check_and_free(thread_, item);
}

TEST_P(PageThreads, WhileThreadsWorkEveryForkedChildGoesOnInPageMode) {
  enable(1000);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      while (!stop) work(t, 50);
    });
  }
  for (unsigned i = 0; i < 6; ++i) {
    std::byte* const parents = bytes_of(allocate(100));
    parents[99] = std::byte{9};
    lock_for_fork(*domain_);
    const pid_t child = fork();
    if (child == 0) {
      adopt_after_fork(*domain_, thread_);
      unlock_after_fork(*domain_);
      bool good = parents[99] == std::byte{9};
      release(parents);
      good &= !is_open(parents);
      for (std::size_t bytes = 1; bytes < 100000; bytes *= 3) {
        void* const block = allocate(bytes);
        good &= is_page(block);
        write_stamp(block, bytes, bytes);
        release(block);
      }
      _exit(good && domain_->pages.verify() ? 0 : 1);
    }
    unlock_after_fork(*domain_);
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    EXPECT_EQ(parents[99], std::byte{9}) << "the parent's pages are its own";
    release(parents);
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(damaged_, 0u);
  for (const Stamped& item : shelf_) check_and_free(thread_, item);
}

}  // namespace
}  // namespace hakmem
