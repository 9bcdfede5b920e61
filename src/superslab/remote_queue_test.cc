#include "superslab/remote_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "superslab/slab.h"

namespace hakmem {
namespace {

constexpr std::size_t kBlockBytes = 32;

/// Blocks that belong to nobody but the test.
class Blocks {
 public:
  explicit Blocks(std::size_t count) : memory_(count * kBlockBytes + kMinAlignBytes) {}
  SlabBase at(std::size_t i) { return SlabBase::unsafe_from(memory_.data() + i * kBlockBytes); }
  std::size_t index_of_block(SlabBase block) const {
    return static_cast<std::size_t>(block.unsafe_bytes() - memory_.data()) / kBlockBytes;
  }

 private:
  std::vector<std::byte> memory_;
};

/// Blocks of a drained chain, first to last.
std::vector<SlabBase> blocks_of(const BlockChain& chain) {
  std::vector<SlabBase> blocks;
  for (SlabBase block = chain.first; block; block = next_of(block)) blocks.push_back(block);
  return blocks;
}

TEST(RemoteQueue, AnEmptyQueueDrainsNothing) {
  RemoteQueue queue;
  EXPECT_TRUE(queue.seems_empty());
  const BlockChain chain = queue.drain();
  EXPECT_FALSE(chain.first);
  EXPECT_EQ(chain.count, 0u);
}

TEST(RemoteQueue, OnlyThePushThatFindsItEmptyIsToldSo) {
  Blocks blocks(3);
  RemoteQueue queue;
  EXPECT_TRUE(queue.push({blocks.at(0), blocks.at(0), 1}));
  EXPECT_FALSE(queue.push({blocks.at(1), blocks.at(1), 1}));
  EXPECT_FALSE(queue.seems_empty());
  queue.drain();
  EXPECT_TRUE(queue.push({blocks.at(2), blocks.at(2), 1}));
}

TEST(RemoteQueue, DrainTakesTheLatestPushFirstAndEmptiesTheQueue) {
  Blocks blocks(3);
  RemoteQueue queue;
  for (std::size_t i = 0; i < 3; ++i) queue.push({blocks.at(i), blocks.at(i), 1});
  const BlockChain chain = queue.drain();
  EXPECT_EQ(chain.count, 3u);
  const std::vector<SlabBase> drained = blocks_of(chain);
  ASSERT_EQ(drained.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(blocks.index_of_block(drained[i]), 2 - i);
  EXPECT_TRUE(queue.seems_empty());
  EXPECT_EQ(queue.drain().count, 0u);
}

TEST(RemoteQueue, AChainIsPushedWholeAndCounted) {
  Blocks blocks(5);
  RemoteQueue queue;
  queue.push({blocks.at(0), blocks.at(0), 1});
  set_next(blocks.at(1), blocks.at(2));
  set_next(blocks.at(2), blocks.at(3));
  EXPECT_FALSE(queue.push({blocks.at(1), blocks.at(3), 3}));
  const BlockChain chain = queue.drain();
  EXPECT_EQ(chain.count, 4u);
  EXPECT_EQ(blocks_of(chain).size(), 4u);
}

TEST(RemoteQueue, CountsAsManyBlocksAsASlabCanHave) {
  constexpr std::size_t kMost = kGranuleBytes / kMinAlignBytes;
  Blocks blocks(kMost);
  RemoteQueue queue;
  for (std::size_t i = 0; i < kMost; ++i) queue.push({blocks.at(i), blocks.at(i), 1});
  const BlockChain chain = queue.drain();
  EXPECT_EQ(chain.count, kMost);
  EXPECT_EQ(blocks_of(chain).size(), kMost);
}

TEST(RemoteQueue, DrainReturnsEveryPushedBlockOnce) {
  constexpr std::size_t kThreads = 4, kEach = 4000, kBlocks = kThreads * kEach;
  Blocks blocks(kBlocks);
  RemoteQueue queue;
  std::atomic<std::size_t> found_empty{0}, still_pushing{kThreads};
  std::vector<std::jthread> pushers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    pushers.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const SlabBase block = blocks.at(t * kEach + i);
        found_empty += queue.push({block, block, 1}) ? 1 : 0;
      }
      --still_pushing;
    });
  }
  std::vector<unsigned> times_drained(kBlocks);
  std::size_t drained = 0, counted = 0, drains = 0;
  for (bool last = false; !last;) {
    last = still_pushing == 0;
    const BlockChain chain = queue.drain();
    counted += chain.count;
    drains += chain.count != 0 ? 1 : 0;
    for (const SlabBase block : blocks_of(chain)) {
      ++times_drained[blocks.index_of_block(block)];
      ++drained;
    }
  }
  pushers.clear();
  EXPECT_EQ(drained, kBlocks);
  EXPECT_EQ(counted, kBlocks) << "counts and blocks must agree";
  EXPECT_EQ(found_empty, drains) << "each filling is announced once";
  EXPECT_EQ(std::set<unsigned>(times_drained.begin(), times_drained.end()), std::set<unsigned>{1});
}

TEST(PendingList, TakesAllSlabsLatestFirst) {
  const auto slabs = std::make_unique<Slab[]>(3);
  PendingList list;
  EXPECT_TRUE(list.seems_empty());
  EXPECT_EQ(list.take_all(), nullptr);
  for (std::size_t i = 0; i < 3; ++i) list.push(slabs[i]);
  EXPECT_FALSE(list.seems_empty());
  const Slab* slab = list.take_all();
  for (std::size_t i = 3; i-- > 0; slab = slab->pending_next) EXPECT_EQ(slab, &slabs[i]);
  EXPECT_EQ(slab, nullptr);
  EXPECT_TRUE(list.seems_empty());
}

/// Threads free blocks of slabs, the owner drains as refill does: by its pending list alone.
TEST(PendingList, EverySlabWithBlocksIsAnnouncedOnceAndNoneIsForgotten) {
  constexpr std::size_t kSlabs = 3, kThreads = 3, kEach = 2000;
  const auto slabs = std::make_unique<Slab[]>(kSlabs);
  Blocks blocks(kThreads * kEach);
  PendingList list;
  std::atomic<std::size_t> still_pushing{kThreads};
  std::vector<std::jthread> pushers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    pushers.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const SlabBase block = blocks.at(t * kEach + i);
        Slab& slab = slabs[i % kSlabs];
        if (slab.shared_remote.push({block, block, 1})) list.push(slab);
      }
      --still_pushing;
    });
  }
  std::vector<unsigned> times_drained(kThreads * kEach);
  for (bool last = false; !last;) {
    last = still_pushing == 0;
    for (Slab* slab = list.take_all(); slab != nullptr;) {
      Slab* const following = slab->pending_next;
      for (const SlabBase block : blocks_of(slab->shared_remote.drain())) {
        ++times_drained[blocks.index_of_block(block)];
      }
      slab = following;
    }
  }
  pushers.clear();
  for (std::size_t i = 0; i < kSlabs; ++i) EXPECT_TRUE(slabs[i].shared_remote.seems_empty()) << i;
  EXPECT_EQ(std::set<unsigned>(times_drained.begin(), times_drained.end()), std::set<unsigned>{1});
}

}  // namespace
}  // namespace hakmem
