// Allocation and release through the front door, whatever the level: disjoint, aligned, whole.
#include "gate/gate.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {


/// Sizes around every edge of every tier.
std::vector<std::size_t> edge_sizes() {
  std::vector<std::size_t> sizes;
  for (const std::size_t edge :
       {std::size_t{1}, std::size_t{16}, std::size_t{64}, tiny::kRequestMax, kTinyBlockMax,
        kSingleSlabBlockMax, kPageBytes, pool::kRequestMax, kPoolBlockMax, 2 * kGranuleBytes,
        kRunBytesMax, kRunBytesMax + kMiB}) {
    for (const std::size_t size : {edge - 1, edge, edge + 1}) sizes.push_back(size);
  }
  return sizes;
}

class Gate : public DomainTest {
 protected:
  void add(std::size_t bytes) { live_.add(allocate(bytes), bytes); }
  void remove(void* block) {
    live_.remove(block);
    release(block);
  }
  void remove_all() {
    while (!live_.empty()) remove(live_.any());
  }
  LiveBlocks live_;
};

TEST_F(Gate, BlocksOfAllTiersAreDisjointAlignedAndKeepTheirContents) {
  for (unsigned round = 0; round < 2; ++round) {
    for (const std::size_t bytes : edge_sizes()) {
      for (unsigned i = 0; i < (bytes <= kPageBytes ? 6 : 2); ++i) add(bytes);
      ASSERT_FALSE(HasFatalFailure());
    }
    remove_all();
  }
}

TEST_F(Gate, EverySizeUpToAPageIsUsableToItsLastByte) {
  for (std::size_t bytes = 0; bytes <= kPageBytes; ++bytes) {
    void* const block = allocate(bytes);
    ASSERT_NE(block, nullptr);
    ASSERT_GE(usable(block), bytes);
    live_.add(block, usable(block));
    if (bytes % 7 == 0) remove(live_.any());
  }
  remove_all();
}

TEST_F(Gate, NothingIsUniqueAndFreeable) {
  std::set<void*> blocks;
  for (unsigned i = 0; i < 100; ++i) blocks.insert(allocate(0));
  EXPECT_EQ(blocks.size(), 100u);
  EXPECT_EQ(blocks.count(nullptr), 0u);
  for (void* block : blocks) release(block);
}

TEST_F(Gate, ReleaseOfNullDoesNothing) {
  release(nullptr);
  release(allocate(1));
  release(nullptr);
}

TEST_F(Gate, BulkFreesInEveryOrderLeaveASoundHeap) {
  constexpr std::size_t kBlocks = 1500;
  for (unsigned order = 0; order < 3; ++order) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < kBlocks; ++i) {
      const std::size_t bytes = 1 + i * 37 % 3000;
      blocks.push_back(allocate(bytes));
      live_.add(blocks.back(), bytes);
    }
    for (std::size_t i = 0; i < kBlocks; ++i) {
      const std::size_t scattered = i * 977 % kBlocks;  // 977 is prime to 1500
      remove(blocks[order == 0 ? i : order == 1 ? kBlocks - 1 - i : scattered]);
    }
    expect_sound(*domain_);
  }
}

TEST_F(Gate, ARandomMixKeepsEveryStamp) {
  std::uint64_t random = 42;
  std::vector<void*> blocks;
  for (unsigned step = 0; step < 6000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t draw = random >> 33;
    if (blocks.size() < 300 && draw % 5 < 3) {
      const std::size_t bytes = draw % 97 == 0 ? draw % (2 * kMiB) : draw % (draw % 3 ? 256 : 9000);
      blocks.push_back(allocate(bytes));
      live_.add(blocks.back(), bytes);
    } else if (!blocks.empty()) {
      const std::size_t at = draw % blocks.size();
      remove(blocks[at]);
      blocks[at] = blocks.back();
      blocks.pop_back();
    }
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  expect_sound(*domain_);
  remove_all();
}

TEST_F(Gate, ZeroedBlocksAreZeroAlsoWhereOthersWere) {
  for (const std::size_t bytes :
       {1ul, 24ul, 1000ul, 5000ul, 60000ul, 200000ul, kRunBytesMax + kMiB}) {
    for (unsigned round = 0; round < 3; ++round) {
      std::byte* const block = static_cast<std::byte*>(allocate_zeroed(bytes));
      ASSERT_NE(block, nullptr);
      for_each_stamped(bytes, [&](std::size_t i) { ASSERT_EQ(block[i], std::byte{0}) << bytes; });
      std::memset(block, 0x5c, bytes);
      release(block);
    }
  }
}

TEST_F(Gate, RequestsAboveTheLimitFailAndChangeNothing) {
  for (const std::size_t bytes : {kRequestMax + 1, SIZE_MAX, SIZE_MAX - 15, kRequestMax,
                                  kRequestMax - kPageBytes}) {
    EXPECT_EQ(allocate(bytes), nullptr) << bytes;
    EXPECT_EQ(allocate_zeroed(bytes), nullptr) << bytes;
    EXPECT_EQ(allocate_aligned(64, bytes), nullptr) << bytes;
    EXPECT_EQ(allocate_aligned(kGiB, bytes), nullptr) << bytes;
  }
  add(100);
  remove_all();
}

TEST_F(Gate, EveryAlignmentIsMetForSizesOfEveryTier) {
  for (std::size_t align = 16; align <= 4 * kMiB; align *= 2) {
    for (const std::size_t bytes : {1ul, 16ul, 100ul, 1024ul, 4000ul, 65536ul, 100000ul}) {
      void* const block = allocate_aligned(align, bytes);
      EXPECT_EQ(reinterpret_cast<Address>(block) % align, 0u) << align << " " << bytes;
      EXPECT_GE(usable(block), bytes);
      live_.add(block, bytes);
    }
  }
  remove_all();
}

TEST_F(Gate, AlignedBlocksOfNoBytesAreUniqueToo) {
  for (std::size_t align = 16; align <= kMiB; align *= 2) {
    void* const first = allocate_aligned(align, 0);
    void* const second = allocate_aligned(align, 0);
    EXPECT_NE(first, nullptr) << align;
    EXPECT_NE(first, second) << align;
    EXPECT_EQ(reinterpret_cast<Address>(second) % align, 0u);
    release(first);
    release(second);
  }
}

TEST_F(Gate, HugeAlignmentsAreMet) {
  for (std::size_t align = 8 * kMiB; align <= kGiB; align *= 4) {
    void* const block = allocate_aligned(align, 100);
    EXPECT_EQ(reinterpret_cast<Address>(block) % align, 0u) << align;
    live_.add(block, 100);
  }
  remove_all();
}

TEST_F(Gate, FreedMemoryIsUsedAgainAndNotPiledUp) {
  for (unsigned round = 0; round < 50; ++round) {
    for (unsigned i = 0; i < 64; ++i) add(500);
    remove_all();
  }
  // 32 KB at a time, also with what may rest in a quarantine of up to 3200 blocks.
  const std::size_t blocks = kIntegrityLevel >= 3 ? 50 * 64 : 64;
  const std::size_t slabs = blocks / capacity_of(class_for(500 + kOverheadBytes)) + 2;
  EXPECT_LE(domain_->slabs.pool.count(), slabs / SuperSlab::kSlabs + 2);
}

}  // namespace
}  // namespace hakmem
