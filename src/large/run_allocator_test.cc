#include "large/run_allocator.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "os/os_fake.h"
#include "os/resource_limit_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kMax = RunAllocator::kGranulesMax;
using TakenRun = Run;  // testing::Test has a Run of its own

/// Everything a run allocator works with.
struct World {
  World() {
    os::plan_faults_for_test({});
    space.initialise();
    EXPECT_TRUE(map.initialise(space.scarce()));
  }

  os::MappingLedger ledger;
  AddressSpace space{kGeometry.reserve_ahead_bytes};
  AddressMap map;
  MetaArena meta;
  Retention retention{.purge = false};
  RunAllocator runs;
};

class RunAllocatorTest : public testing::Test {
 protected:
  void TearDown() override {
    os::plan_faults_for_test({});
    EXPECT_TRUE(sound());
  }
  void new_world() {
    world_.reset();
    world_ = std::make_unique<World>();
  }
  bool sound() { return world_->runs.verify(world_->map); }
  TakenRun acquire(std::size_t granules) {
    return world_->runs.acquire(granules, world_->space, world_->map, world_->meta);
  }
  std::byte* take(std::size_t granules) {
    const TakenRun run = acquire(granules);
    EXPECT_NE(run.base, nullptr);
    EXPECT_EQ(run.granules, granules);
    return run.base;
  }
  void give(std::byte* base, std::size_t granules, std::uint64_t now_ms = 0) {
    world_->runs.release(base, granules, now_ms, world_->retention, world_->space, world_->map,
                         world_->meta);
  }
  /// Makes the run freed last an ordinary free run.
  void settle() { extend(reinterpret_cast<std::byte*>(this), 1, kMax + 1); }
  bool extend(std::byte* base, std::size_t granules, std::size_t more) {
    return world_->runs.try_extend(base, granules, more, world_->map, world_->meta);
  }
  std::size_t purge_all() {
    return world_->runs.purge_all(world_->space, world_->map, world_->meta);
  }
  MapEntry entry_at(const std::byte* address) {
    return world_->map.lookup(reinterpret_cast<Address>(address));
  }

  std::unique_ptr<World> world_ = std::make_unique<World>();
};

TEST_F(RunAllocatorTest, TheFirstRunComesOutOfOneRegion) {
  std::byte* const base = take(1);
  EXPECT_EQ(reinterpret_cast<Address>(base) % kGranuleBytes, 0u);
  EXPECT_EQ(world_->runs.free_granules(), kMax - 1);
  give(base, 1);
  EXPECT_EQ(world_->runs.free_granules(), kMax);
}

TEST_F(RunAllocatorTest, AFreeRunIsFoundAtBothOfItsEnds) {
  std::byte* const base = take(1);
  std::byte* const rest = base + kGranuleBytes;
  const std::size_t rest_granules = kMax - 1;
  ASSERT_EQ(entry_at(rest).kind(), GranuleKind::FreeRun);
  EXPECT_EQ(entry_at(rest).free_run().granules, rest_granules);
  std::byte* const last = rest + (rest_granules - 1) * kGranuleBytes;
  EXPECT_EQ(entry_at(last).bits(), entry_at(rest).bits());
  EXPECT_FALSE(entry_at(base).is_ours()) << "a used run's entries are its user's";
}

TEST_F(RunAllocatorTest, TheBestFitIsTaken) {
  std::byte* const three = take(3);
  std::byte* const between = take(1);
  std::byte* const two = take(2);
  take(1);
  give(three, 3);
  give(two, 2);
  settle();
  EXPECT_EQ(take(2), two) << "not the three, nor the rest of the region";
  EXPECT_EQ(take(3), three);
  give(between, 1);
}

TEST_F(RunAllocatorTest, TheRunFreedLastIsTakenAgainAsItIs) {
  std::byte* const base = take(2);
  give(base, 2);
  EXPECT_EQ(world_->runs.free_granules(), kMax);
  const TakenRun again = acquire(2);
  EXPECT_EQ(again.base, base);
  EXPECT_FALSE(again.zeroed);
  EXPECT_EQ(world_->runs.free_granules(), kMax - 2);
}

TEST_F(RunAllocatorTest, FreedNeighboursBecomeOneRunFromBothSides) {
  std::byte* const first = take(1);
  std::byte* const middle = take(2);
  std::byte* const last = take(1);
  std::byte* const guard = take(1);
  ASSERT_EQ(middle, first + kGranuleBytes);
  ASSERT_EQ(last, middle + 2 * kGranuleBytes);
  give(first, 1);
  give(last, 1);
  give(middle, 2);
  settle();
  EXPECT_EQ(entry_at(first).free_run().granules, 4u);
  EXPECT_EQ(entry_at(last).free_run().base, first);
  EXPECT_FALSE(entry_at(middle).is_ours());
  EXPECT_EQ(take(4), first);
  give(guard, 1);
}

TEST_F(RunAllocatorTest, EverythingFreedIsOneRegionAgain) {
  std::vector<std::byte*> bases;
  for (std::size_t i = 0; i < kMax; ++i) bases.push_back(take(1));
  EXPECT_EQ(world_->runs.free_granules(), 0u);
  for (std::size_t i = 0; i < kMax; ++i) give(bases[i * 3 % kMax], 1);  // 3 is prime to kMax
  EXPECT_TRUE(sound());
  EXPECT_NE(take(kMax), nullptr);
  EXPECT_EQ(world_->runs.free_granules(), 0u) << "no second region was needed";
}

TEST_F(RunAllocatorTest, FreshRunsAreZeroedAndUsedOnesSaySo) {
  const TakenRun fresh = acquire(2);
  EXPECT_TRUE(fresh.zeroed);
  EXPECT_EQ(fresh.base[0], std::byte{0});
  fresh.base[0] = std::byte{1};
  give(fresh.base, 2);
  settle();
  const TakenRun used = acquire(2);
  EXPECT_FALSE(used.zeroed) << "it may hold what its last user left";
  give(used.base, 2);
  purge_all();
  const TakenRun purged = acquire(2);
  EXPECT_TRUE(purged.zeroed);
  EXPECT_EQ(purged.base[0], std::byte{0});
}

TEST_F(RunAllocatorTest, DirtyAndCleanJoinedIsDirty) {
  std::byte* const base = take(1);
  base[0] = std::byte{1};
  give(base, 1);
  settle();
  EXPECT_FALSE(acquire(kMax).zeroed);
}

TEST_F(RunAllocatorTest, RunsArePurgedAtTheirAgeOldestFirst) {
  world_->retention = {.age_ms = 400};
  std::byte* const old_run = take(1);
  take(1);
  std::byte* const young = take(1);
  take(1);
  std::byte* const last = take(1);
  take(1);
  old_run[0] = young[0] = std::byte{0x5a};
  give(old_run, 1, 1000);
  give(young, 1, 1300);
  give(last, 1, 1399);
  EXPECT_EQ(old_run[0], std::byte{0x5a});
  give(take(1), 1, 1400);
  EXPECT_EQ(old_run[0], std::byte{0}) << "400 ms old";
  EXPECT_EQ(young[0], std::byte{0x5a}) << "100 ms old";
}

TEST_F(RunAllocatorTest, WhatWasPurgedByAgeSaysSoWhenItIsTakenAgain) {
  world_->retention = {.age_ms = 400};
  std::byte* const old_run = take(3);
  take(1);
  std::byte* const young = take(2);
  take(1);
  give(old_run, 3, 1000);
  give(young, 2, 1300);
  give(take(4), 4, 1500);
  const TakenRun unpurged = acquire(2);
  EXPECT_EQ(unpurged.base, young);
  EXPECT_FALSE(unpurged.purged);
  for (std::size_t granules = 2; granules != 0; --granules) {
    const TakenRun part = acquire(granules);
    EXPECT_TRUE(part.purged && part.zeroed);
    EXPECT_EQ(part.purged_ms, 1500u);
  }
  EXPECT_FALSE(acquire(kMax).purged) << "never used";
}

TEST_F(RunAllocatorTest, TheRestOfASplitRunKeepsItsAge) {
  world_->retention = {.age_ms = 400};
  std::byte* const old_run = take(3);
  take(1);
  std::byte* const young = take(1);
  take(1);
  std::byte* const trigger = take(2);
  take(1);
  old_run[2 * kGranuleBytes] = young[0] = std::byte{0x5a};
  give(old_run, 3, 1000);
  give(young, 1, 1300);
  settle();
  EXPECT_EQ(take(2), old_run);
  give(trigger, 2, 1450);
  EXPECT_EQ(old_run[2 * kGranuleBytes], std::byte{0}) << "free since 1000";
  EXPECT_EQ(young[0], std::byte{0x5a});
}

TEST_F(RunAllocatorTest, WithoutPurgeContentsStay) {
  std::byte* const base = take(1);
  base[0] = std::byte{0x5a};
  give(base, 1, 0);
  give(take(2), 2, UINT64_MAX);
  EXPECT_EQ(base[0], std::byte{0x5a});
}

TEST_F(RunAllocatorTest, PurgeAllCountsTheDirtyBytesOnce) {
  std::byte* const base = take(2);
  take(1);
  give(base, 2);
  EXPECT_EQ(purge_all(), 2 * kGranuleBytes);
  EXPECT_EQ(purge_all(), 0u);
  EXPECT_EQ(world_->runs.free_granules(), kMax - 1) << "purged runs stay usable";
}

TEST_F(RunAllocatorTest, ARunIsExtendedIntoTheFreeRunBehindIt) {
  std::byte* const base = take(2);
  base[0] = std::byte{0x77};
  EXPECT_TRUE(extend(base, 2, 3));
  EXPECT_EQ(base[0], std::byte{0x77});
  EXPECT_EQ(world_->runs.free_granules(), kMax - 5);
  EXPECT_TRUE(sound());
  EXPECT_TRUE(extend(base, 5, kMax - 5)) << "to the region's end";
  EXPECT_EQ(world_->runs.free_granules(), 0u);
  EXPECT_FALSE(extend(base, kMax, 1)) << "nothing is behind it";
  give(base, kMax);
}

TEST_F(RunAllocatorTest, ARunIsNotExtendedIntoAUsedOne) {
  std::byte* const base = take(1);
  std::byte* const neighbour = take(1);
  EXPECT_FALSE(extend(base, 1, 1));
  give(neighbour, 1);
  EXPECT_TRUE(extend(base, 1, 1)) << "the run freed last counts as free, too";
  EXPECT_FALSE(extend(base, 2, kMax)) << "not enough";
}

TEST_F(RunAllocatorTest, ARandomMixIsDisjointAndSound) {
  std::map<std::byte*, std::size_t> live;
  std::uint64_t random = 7;
  for (unsigned step = 0; step < 3000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::size_t draw = random >> 33;
    if (live.size() < 40 && draw % 2 == 0) {
      const std::size_t granules = draw / 2 % (draw % 7 == 0 ? kMax : 4) + 1;
      std::byte* const base = take(granules);
      const auto behind = live.lower_bound(base);
      ASSERT_TRUE(behind == live.end() || base + granules * kGranuleBytes <= behind->first);
      if (behind != live.begin()) {
        const auto before = std::prev(behind);
        ASSERT_LE(before->first + before->second * kGranuleBytes, base);
      }
      live[base] = granules;
    } else if (!live.empty()) {
      auto victim = live.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(draw % live.size()));
      give(victim->first, victim->second, step);
      live.erase(victim);
    }
    ASSERT_TRUE(step % 16 != 0 || sound()) << "step " << step;
  }
}

TEST_F(RunAllocatorTest, WhateverCallFailsTheAnswerIsARunOrNull) {
  for (std::uint64_t n = 1; n <= 12; ++n) {
    new_world();
    os::plan_faults_for_test({.fail_from = n});
    std::vector<std::byte*> bases;
    for (unsigned i = 0; i < 3 * kMax; ++i) {
      const TakenRun run = acquire(i % 3 + 1);
      if (run.base != nullptr && i % 2 == 0) give(run.base, i % 3 + 1);
    }
    os::plan_faults_for_test({});
    EXPECT_TRUE(sound()) << n;
    EXPECT_NE(take(1), nullptr);
  }
}

TEST_F(RunAllocatorTest, ScarceSpaceIsTakenAsNeededAndPurgedRunsAreUnmapped) {
  const AddressSpaceLimit limit;
  new_world();
  ASSERT_TRUE(world_->space.scarce());
  std::byte* const base = take(3);
  EXPECT_EQ(world_->runs.free_granules(), 0u) << "no more than was asked for";
  give(base, 3);
  EXPECT_EQ(purge_all(), 3 * kGranuleBytes);
  EXPECT_EQ(world_->runs.free_granules(), 0u);
  EXPECT_FALSE(entry_at(base).is_ours());
}

}  // namespace
}  // namespace hakmem
