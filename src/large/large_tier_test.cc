#include "large/large_tier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"
#include "os/resource_limit_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kSmallestLarge = pool::kRequestMax + 1;

class LargeTierTest : public DomainTest {
 protected:
  LargeTierTest() { EXPECT_TRUE(domain_->ensure_initialised()); }
  LargeTier& large() { return domain_->large; }
  LargeBlock& take(std::size_t request, std::size_t align = kMinAlignBytes) {
    LargeBlock* const block = large().allocate(request, align);
    EXPECT_NE(block, nullptr) << request;
    return *block;
  }
  MapEntry entry_at(const std::byte* address) {
    return slabs().map.lookup(reinterpret_cast<Address>(address));
  }
};

TEST_F(LargeTierTest, RunsUpToTheLimitAndMappingsAbove) {
  LargeBlock& run = take(kSmallestLarge);
  LargeBlock& longest = take(kRunBytesMax - kPageBytes);
  LargeBlock& mapping = take(kRunBytesMax + 1);
  EXPECT_EQ(run.origin, LargeOrigin::Run);
  EXPECT_EQ(longest.origin, LargeOrigin::Run);
  EXPECT_EQ(mapping.origin, LargeOrigin::Mapping);
  EXPECT_EQ(large().stats().live_blocks, 3u);
  EXPECT_EQ(large().stats().live_bytes, run.bytes + longest.bytes + mapping.bytes);
  EXPECT_EQ(large().stats().mapped_bytes, mapping.bytes);
  for (LargeBlock* block : {&run, &longest, &mapping}) large().release(*block);
  EXPECT_EQ(large().stats().live_bytes, 0u);
  EXPECT_EQ(large().stats().mapped_bytes, 0u);
}

TEST_F(LargeTierTest, TheMapLeadsFromTheUserPointerToTheRecord) {
  for (const std::size_t request : {kSmallestLarge, 3 * kGranuleBytes, kRunBytesMax + kMiB}) {
    LargeBlock& block = take(request);
    std::byte* const user = block.user.unsafe_bytes();
    EXPECT_EQ(entry_at(user).kind(), GranuleKind::Large);
    EXPECT_EQ(&entry_at(user).large(), &block);
    if constexpr (kBuildChecks.has(Check::kMapMembership)) {
      EXPECT_EQ(&entry_at(block.base + block.bytes - 1).large(), &block) << "every granule";
    }
    large().release(block);
    EXPECT_FALSE(entry_at(user).is_ours() && entry_at(user).kind() == GranuleKind::Large);
  }
}

TEST_F(LargeTierTest, EveryByteIsUsableForEveryAlignment) {
  for (std::size_t align = kMinAlignBytes; align <= 4 * kMiB; align *= 4) {
    for (const std::size_t request : {std::size_t{1}, kSmallestLarge, kRunBytesMax}) {
      LargeBlock& block = take(request, align);
      EXPECT_EQ(block.user.address() % align, 0u) << align;
      EXPECT_GE(block.usable(), request);
      EXPECT_TRUE(block.contains(block.user.address() + block.usable() + kTailBytes - 1));
      EXPECT_FALSE(block.contains(block.user.address() + block.usable() + kTailBytes));
      write_stamp(block.user.unsafe_bytes(), block.usable(), align);
      EXPECT_TRUE(large().verify());
      large().release(block);
    }
  }
}

TEST_F(LargeTierTest, AGigabyteOfAlignmentIsMet) {
  LargeBlock& block = take(100, kGiB);
  EXPECT_EQ(block.user.address() % kGiB, 0u);
  block.user.unsafe_bytes()[99] = std::byte{1};
  large().release(block);
}

TEST_F(LargeTierTest, WhatOverflowsIsRefused) {
  const std::size_t requests[] = {SIZE_MAX, SIZE_MAX - 1, kRequestMax, kRequestMax - kPageBytes,
                                  kRequestMax - kGranuleBytes + 1, std::size_t{1} << 62};
  for (const std::size_t request : requests) {
    for (std::size_t align = kMinAlignBytes; align != 0 && align <= kRequestMax / 4; align <<= 9) {
      EXPECT_EQ(large().allocate(request, align), nullptr) << request << " " << align;
    }
  }
  EXPECT_EQ(large().stats().live_blocks, 0u);
}

TEST_F(LargeTierTest, ZeroedMeansZero) {
  for (const std::size_t request : {kSmallestLarge, 5 * kGranuleBytes, kRunBytesMax + kMiB}) {
    for (unsigned round = 0; round < 4; ++round) {
      LargeBlock& block = take(request);
      std::byte* const user = block.user.unsafe_bytes();
      bool all_zero = true;
      for (std::size_t i = 0; i < request; i += 512) all_zero &= user[i] == std::byte{0};
      EXPECT_TRUE(all_zero || !block.zeroed) << "round " << round;
      if (round == 0) {
        EXPECT_TRUE(block.zeroed) << "nobody used it before";
      }
      for (std::size_t i = 0; i < request; i += 512) user[i] = std::byte{0x5a};
      large().release(block);
      if (round == 2) large().purge_all();
    }
  }
}

TEST_F(LargeTierTest, ForEachLiveVisitsTheLiveBlocks) {
  LargeBlock& first = take(kSmallestLarge);
  LargeBlock& second = take(kRunBytesMax + 1);
  LargeBlock& gone = take(kSmallestLarge);
  large().release(gone);
  std::vector<const LargeBlock*> seen;
  large().for_each_live([&](const LargeBlock& block) { seen.push_back(&block); });
  EXPECT_EQ(seen.size(), 2u);
  for (const LargeBlock* block : seen) EXPECT_TRUE(block == &first || block == &second);
  large().release(first);
  large().release(second);
}

TEST_F(LargeTierTest, VerifyFindsAWrongEntryAndAWrongSum) {
  LargeBlock& block = take(kSmallestLarge);
  EXPECT_TRUE(large().verify());
  const MapEntry entry = entry_at(block.user.unsafe_bytes());
  LargeBlock& other = take(kSmallestLarge);
  slabs().map.store(block.user.unsafe_bytes(), 1, MapEntry::of_large(other));
  EXPECT_FALSE(large().verify());
  slabs().map.store(block.user.unsafe_bytes(), 1, entry);
  for (const std::size_t bytes : {kGranuleBytes, 4 * kGranuleBytes}) {
    block.bytes += bytes;
    EXPECT_FALSE(large().verify());
    block.bytes -= bytes;
  }
  EXPECT_TRUE(large().verify());
  large().release(block);
  large().release(other);
}

/// What a heap does with a block that it holds back; at the levels with a quarantine it holds none.
class HeldBlockTest : public LargeTierTest {
 protected:
  LargeBlock& take_or_reuse(std::size_t request, std::size_t align = kMinAlignBytes) {
    LargeBlock* const block = large().allocate(request, align, held_);
    EXPECT_NE(block, nullptr) << request;
    return *block;
  }
  void TearDown() override {
    large().release_held(held_);
    EXPECT_EQ(held_, nullptr);
    EXPECT_EQ(large().stats().live_blocks, resting_large_blocks(*domain_));
    LargeTierTest::TearDown();
  }

  static constexpr bool kHolds = !kRecordLayout;
  LargeBlock* held_ = nullptr;
};

TEST_F(HeldBlockTest, ARequestOfAsManyGranulesGetsItWhateverItsExactSize) {
  if (!kHolds) GTEST_SKIP() << "SKIPPED: this level holds no block back";
  LargeBlock& block = take_or_reuse(2 * kGranuleBytes + 1);
  block.user.unsafe_bytes()[0] = std::byte{1};
  large().release(block, held_);
  ASSERT_EQ(held_, &block);
  EXPECT_FALSE(entry_at(block.base).is_ours()) << "freed again, it is nobody's block";
  EXPECT_TRUE(large().verify());
  EXPECT_EQ(large().stats().live_blocks, 0u);
  EXPECT_GE(large().stats().free_run_bytes, 3 * kGranuleBytes);
  LargeBlock& other = take_or_reuse(3 * kGranuleBytes + 1);
  EXPECT_NE(&other, &block);
  ASSERT_EQ(held_, &block);
  EXPECT_EQ(&take_or_reuse(2 * kGranuleBytes + 5000), &block);
  EXPECT_EQ(held_, nullptr);
  EXPECT_FALSE(block.zeroed);
  EXPECT_GE(block.usable(), 2 * kGranuleBytes + 5000);
  EXPECT_EQ(&entry_at(block.user.unsafe_bytes()).large(), &block);
  large().release(block);
  large().release(other);
}

TEST_F(HeldBlockTest, TheNextOneDisplacesIt) {
  LargeBlock& first = take_or_reuse(kSmallestLarge);
  LargeBlock& second = take_or_reuse(3 * kGranuleBytes);
  std::byte* const displaced = first.base;
  large().release(first, held_);
  large().release(second, held_);
  EXPECT_EQ(held_, kHolds ? &second : nullptr);
  EXPECT_TRUE(large().verify());
  if (!kHolds) return;
  LargeBlock& again = take(kSmallestLarge);
  EXPECT_EQ(again.base, displaced) << "what was displaced may be used by anyone";
  large().release(again);
}

TEST_F(HeldBlockTest, MappingsLongRunsAndStrictAlignmentsAreNotHeld) {
  LargeBlock& mapping = take_or_reuse(kRunBytesMax + 1);
  LargeBlock& run = take_or_reuse(2 * kMiB);
  large().release(mapping, held_);
  large().release(run, held_);
  EXPECT_EQ(held_, nullptr);
  LargeBlock& small = take_or_reuse(kSmallestLarge);
  large().release(small, held_);
  LargeBlock& aligned = take_or_reuse(kSmallestLarge, 2 * kGranuleBytes);
  EXPECT_EQ(aligned.user.address() % (2 * kGranuleBytes), 0u);
  large().release(aligned);
}

TEST_F(HeldBlockTest, OtherThreadsCountAndVerifyWhileItComesAndGoes) {
  std::atomic<bool> stop{false};
  std::jthread auditor([&] {
    while (!stop) {
      EXPECT_TRUE(large().verify());
      EXPECT_LE(large().stats().live_blocks, 1u);
    }
  });
  for (unsigned i = 0; i < 20000; ++i) {
    LargeBlock& block = take_or_reuse(2 * kGranuleBytes + 1 + i % 7 * kPageBytes);
    large().release(block, held_);
  }
  stop = true;
}

TEST_F(HeldBlockTest, GatesUseTheHeapsOwnAndThreadExitGivesItBack) {
  release(allocate(16));  // the thread gets its heap with its first small block
  void* const block = allocate(100000);
  release(block);
  EXPECT_EQ(heap().held_large != nullptr, kHolds);
  void* const next = allocate(100001);
  EXPECT_EQ(next == block, kHolds);
  release(next);
  Heap& left = heap();
  detach_thread(*domain_, thread_);
  EXPECT_EQ(left.held_large, nullptr);
}

TEST_F(LargeTierTest, WhateverCallFailsTheTierStaysSound) {
  unsigned refused = 0;
  for (std::uint64_t n = 1;; ++n) {
    os::plan_faults_for_test({.fail_from = n});
    std::vector<LargeBlock*> live;
    for (const std::size_t request :
         {kSmallestLarge, kRunBytesMax, kRunBytesMax + kMiB, 3 * kGranuleBytes}) {
      for (const std::size_t align : {kMinAlignBytes, kMiB}) {
        LargeBlock* const block = large().allocate(request, align);
        refused += block == nullptr ? 1 : 0;
        if (block != nullptr) live.push_back(block);
      }
    }
    for (LargeBlock* block : live) {
      const std::size_t usable = block->usable();
      block->user.unsafe_bytes()[0] = std::byte{0x3c};
      if (!large().try_resize(*block, 3 * usable)) {
        EXPECT_EQ(block->usable(), usable) << "a refused resize changes nothing";
      }
      EXPECT_EQ(block->user.unsafe_bytes()[0], std::byte{0x3c});
    }
    const bool failed = os::faults_planted_for_test() != 0;
    EXPECT_TRUE(large().verify()) << n;
    for (LargeBlock* block : live) large().release(*block);
    os::plan_faults_for_test({});
    EXPECT_TRUE(large().verify()) << n;
    EXPECT_EQ(large().stats().live_blocks, 0u);
    large().purge_all();
    if (!failed) break;
  }
  EXPECT_GE(refused, 1u);
}

TEST_F(LargeTierTest, RunsWantedAgainAfterTheirAgeAreKeptLonger) {
  constexpr std::uint64_t kHour = 3600000;  // longer than any run of this test
  slabs().policy = {.run_purge_ms = 0};
  LargeBlock* const wide = large().allocate(3 * kGranuleBytes, kMinAlignBytes);
  LargeBlock* const wall = large().allocate(kSmallestLarge, kMinAlignBytes);
  large().release(*wide);
  large().release(*large().allocate(5 * kGranuleBytes, kMinAlignBytes));
  EXPECT_EQ(large().stats().age_factor, 1u);
  slabs().policy.run_purge_ms = kHour;
  std::vector<LargeBlock*> blocks = {wall};
  while (blocks.size() < 20 && large().stats().regrets == 0) {
    blocks.push_back(large().allocate(3 * kGranuleBytes, kMinAlignBytes));
  }
  EXPECT_EQ(large().stats().regrets, 1u);
  EXPECT_EQ(large().stats().age_factor, 2u);
  for (LargeBlock* const block : blocks) large().release(*block);
}

TEST_F(LargeTierTest, ThreadsTakeResizeAndGiveDisjointBlocks) {
  constexpr unsigned kThreads = 3, kEach = 150;
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < kEach; ++i) {
        const std::size_t request = kSmallestLarge + (i * 7 + t) % 9 * kGranuleBytes;
        LargeBlock* const block = large().allocate(request, kMinAlignBytes);
        write_stamp(block->user.unsafe_bytes(), request, t * kEach + i);
        const std::size_t bytes = i % 2 == 0 ? request + kGranuleBytes : request - 5000;
        if (i % 3 == 0) large().try_resize(*block, bytes);
        const std::size_t kept = i % 3 == 0 && bytes < request ? bytes : request;
        EXPECT_TRUE(stamp_is_whole(block->user.unsafe_bytes(), request, kept, t * kEach + i));
        large().release(*block);
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(large().verify());
}

}  // namespace
}  // namespace hakmem
