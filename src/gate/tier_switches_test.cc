// Parts switched off: blocks come from elsewhere, as large, as aligned and as sound as before.
#include "gate/tier_switches.h"

#include <cstring>
#include <thread>
#include <vector>

#include "base/text_sink.h"
#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

class TierSwitches : public DomainTest {
 protected:
  void apply(const Options& options) {
    ASSERT_TRUE(domain_->ensure_initialised());
    EXPECT_TRUE(apply_switches(*domain_, thread_, options));
  }
  GranuleKind kind_of(void* block) {
    return slabs().map.lookup(wild(block).address()).kind();
  }
  bool is_tiny_block(void* block) {
    const MapEntry entry = slabs().map.lookup(wild(block).address());
    return entry.kind() == GranuleKind::Slab && is_tiny(entry.slab().class_index);
  }
  static Options direct() {
    Options options;
    TextSink(options.remote.bytes, kOptionTextMax).text("direct");
    return options;
  }
};

TEST_F(TierSwitches, TheNextTierServesWhatATierDoesNot) {
  void* const before = allocate(40);
  EXPECT_TRUE(is_tiny_block(before));
  apply({.tiny = false});
  void* const small = allocate(40);
  EXPECT_EQ(kind_of(small), GranuleKind::Slab);
  EXPECT_FALSE(is_tiny_block(small));
  apply({.pool = false});
  void* const tiny = allocate(40);
  void* const medium = allocate(5000);
  EXPECT_TRUE(is_tiny_block(tiny));
  EXPECT_EQ(kind_of(medium), GranuleKind::Large);
  apply({.tiny = false, .pool = false});
  void* const large = allocate(40);
  EXPECT_EQ(kind_of(large), GranuleKind::Large);
  for (void* block : {before, small, tiny, medium, large}) {
    EXPECT_GE(usable(block), 40u);
    release(block);
  }
}

TEST_F(TierSwitches, BlocksOfNothingComeFromElsewhereToo) {
  void* const before = allocate(0);
  apply(direct());
  void* const direct_one = allocate(0);
  apply({.tiny = false});
  void* const without_tiny = allocate(0);
  EXPECT_FALSE(is_tiny_block(without_tiny));
  EXPECT_NE(direct_one, before);
  for (void* const block : {before, direct_one, without_tiny}) release(block);
}

TEST_F(TierSwitches, SizesAlignmentsAndContentsHoldUnderEachOfThem) {
  Options none_shared{.shared_pool = false};
  for (const Options& options :
       {Options{}, Options{.tiny = false}, Options{.pool = false},
        Options{.tiny = false, .pool = false}, none_shared, direct()}) {
    apply(options);
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t size = 0; size < 3000; size += 37) {
      blocks.emplace_back(allocate(size), size);
      for (std::size_t align = 32; align <= 4096; align *= 8) {
        blocks.emplace_back(allocate_aligned(align, size), size);
        EXPECT_EQ(wild(blocks.back().first).address() % align, 0u) << size;
      }
    }
    for (const auto& [block, size] : blocks) {
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(wild(block).address() % 16, 0u);
      std::memset(block, static_cast<int>(size), size);
    }
    for (auto& [block, size] : blocks) {
      block = reallocate(block, size + 100);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(static_cast<unsigned char*>(block)[i], static_cast<unsigned char>(size));
      }
    }
    for (const auto& [block, size] : blocks) release(block);
  }
}

TEST_F(TierSwitches, NoSuperSlabIsKeptWithoutTheSharedPool) {
  apply({.shared_pool = false});
  limit_quarantine(*domain_, 0, 0);
  std::vector<void*> blocks;
  for (int i = 0; i < 20000; ++i) blocks.push_back(allocate(1000));
  for (void* block : blocks) release(block);
  EXPECT_EQ(slabs().pool.cached_count(), 0u);
}

TEST_F(TierSwitches, DirectFreesLeaveNothingInAQueue) {
  apply(direct());
  limit_quarantine(*domain_, 0, 0);
  constexpr int kBlocks = 400;
  std::vector<void*> blocks;
  for (int i = 0; i < kBlocks; ++i) blocks.push_back(allocate(200));
  std::thread([&] {
    ThreadState other(*domain_);
    for (void* block : blocks) release(other, block);
    detach_thread(*domain_, other);
  }).join();
  for (const PendingList& list : heap().shared_pending) EXPECT_TRUE(list.seems_empty());
}

TEST_F(TierSwitches, DirectFreesOfManyThreadsAtOnceAreSound) {
  apply(direct());
  constexpr int kThreads = 4, kRounds = 300;
  std::vector<void*> handed(kThreads * kRounds);
  for (int pass = 0; pass < 3; ++pass) {
    for (void*& block : handed) block = allocate(64);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        ThreadState own(*domain_);
        for (int i = 0; i < kRounds; ++i) {
          void* const mine = allocate(own, 64);
          std::memset(mine, t, 64);
          release(own, handed[static_cast<std::size_t>(t * kRounds + i)]);
          EXPECT_EQ(static_cast<char*>(mine)[63], t);
          release(own, mine);
        }
        detach_thread(*domain_, own);
      });
    }
    for (int i = 0; i < kRounds; ++i) release(allocate(64));
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_F(TierSwitches, AnotherWordThanQueueOrDirectIsRefused) {
  Options options;
  TextSink(options.remote.bytes, kOptionTextMax).text("directly");
  EXPECT_FALSE(apply_switches(*domain_, thread_, options));
}

TEST_F(TierSwitches, AnAllocationThatMustFailFailsInEveryTier) {
  for (const std::size_t size : {40u, 5000u, 200000u}) {
    apply({.fail_alloc_every = 2});
    int failed = 0;
    for (int i = 0; i < 10; ++i) {
      void* const block = allocate(size);
      failed += block == nullptr ? 1 : 0;
      release(block);
    }
    EXPECT_EQ(failed, 5) << size;
  }
}

}  // namespace
}  // namespace hakmem
