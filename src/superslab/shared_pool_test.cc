#include "superslab/shared_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"
#include "os/resource_limit_for_test.h"

namespace hakmem {
namespace {

constexpr SuperSlabKind kSingle = SuperSlabKind::Single;

class SharedPoolTest : public SlabDomainTest {
 protected:
  SuperSlab* acquire(SuperSlabKind kind = kSingle) {
    return slabs().pool.acquire(kind, slabs().space, slabs().map, slabs().meta);
  }
  void release(SuperSlab* superslab, std::uint64_t now_ms = 0) {
    slabs().pool.release(*superslab, now_ms, retention_, slabs().space, slabs().map);
  }
  /// Uses a unit of it, so that it is dirty from `now_ms` on.
  void dirty(SuperSlab* superslab, std::uint64_t now_ms) {
    Slab& slab = superslab->take_unit(class_for(64));
    slab.state = SlabState::Partial;
    slab.data[0] = std::byte{0x5a};
    superslab->give_unit(slab, now_ms);
  }
  MapEntry entry_of(const std::byte* address) {
    return slabs().map.lookup(reinterpret_cast<Address>(address));
  }
  Retention retention_;
};

TEST_F(SharedPoolTest, AFreshSuperSlabIsEmptyAlignedAndRegistered) {
  SuperSlab* const superslab = acquire();
  ASSERT_NE(superslab, nullptr);
  EXPECT_TRUE(superslab->is_empty());
  EXPECT_EQ(superslab->dirty_units, 0u);
  EXPECT_EQ(slabs().pool.count(), 1u);
  for (std::size_t i = 0; i < SuperSlab::kSlabs; ++i) {
    const MapEntry entry = entry_of(superslab->data + i * kGranuleBytes);
    EXPECT_EQ(entry.kind(), GranuleKind::FreeSlab);
    EXPECT_EQ(&entry.slab(), &superslab->slabs[i]);
  }
  release(superslab);
}

TEST_F(SharedPoolTest, TheMostRecentlyReleasedComesBackFirst) {
  SuperSlab* const first = acquire();
  SuperSlab* const second = acquire();
  SuperSlab* const third = acquire();
  EXPECT_EQ(std::set({first, second, third}).size(), 3u);
  release(first);
  release(third);
  release(second);
  EXPECT_EQ(slabs().pool.cached_count(), 3u);
  EXPECT_TRUE(slabs().pool.verify());
  EXPECT_EQ(acquire(), second);
  EXPECT_EQ(acquire(SuperSlabKind::Span), third);
  EXPECT_EQ(third->kind, SuperSlabKind::Span);
  EXPECT_EQ(acquire(), first);
  EXPECT_EQ(slabs().pool.cached_count(), 0u);
  EXPECT_EQ(slabs().pool.count(), 3u);
  for (SuperSlab* superslab : {first, second, third}) release(superslab);
}

TEST_F(SharedPoolTest, OldOnesArePurgedAndYoungOnesAreNot) {
  retention_ = {.age_ms = 100};
  SuperSlab* const old_one = acquire();
  SuperSlab* const young = acquire();
  SuperSlab* const clean = acquire();
  dirty(old_one, 1000);
  dirty(young, 1090);
  release(old_one, 1000);
  release(young, 1090);
  EXPECT_NE(old_one->dirty_units, 0u);
  release(clean, 1100);
  EXPECT_EQ(old_one->dirty_units, 0u);
  EXPECT_EQ(old_one->data[0], std::byte{0});
  EXPECT_NE(young->dirty_units, 0u);
  EXPECT_EQ(young->data[0], std::byte{0x5a});
}

TEST_F(SharedPoolTest, AfterThePoolWasEmptyTheOldestIsStillPurged) {
  retention_ = {.age_ms = 100};
  SuperSlab* const earlier = acquire();
  release(earlier);
  ASSERT_EQ(acquire(), earlier);
  SuperSlab* const old_one = acquire();
  SuperSlab* const clean = acquire();
  dirty(old_one, 1000);
  release(old_one, 1000);
  release(clean, 1100);
  EXPECT_EQ(old_one->dirty_units, 0u);
  release(earlier, 1100);
}

TEST_F(SharedPoolTest, WithoutPurgeNothingIsGivenBack) {
  retention_ = {.purge = false};
  SuperSlab* const first = acquire();
  SuperSlab* const second = acquire();
  dirty(first, 0);
  release(first, 0);
  release(second, UINT64_MAX);
  EXPECT_EQ(first->data[0], std::byte{0x5a});
}

TEST_F(SharedPoolTest, PurgeAllClearsEveryCachedOne) {
  retention_ = {.purge = false};
  SuperSlab* const first = acquire();
  SuperSlab* const second = acquire();
  dirty(first, 1);
  dirty(second, 2);
  release(first, 1);
  release(second, 2);
  EXPECT_EQ(slabs().pool.purge_all(), 2 * kGeometry.superslab_bytes());
  EXPECT_EQ(first->data[0], std::byte{0});
  EXPECT_EQ(second->data[0], std::byte{0});
  EXPECT_EQ(slabs().pool.purge_all(), 0u);
}

TEST_F(SharedPoolTest, VerifyFindsACachedOneInUse) {
  SuperSlab* const superslab = acquire();
  release(superslab);
  EXPECT_TRUE(slabs().pool.verify());
  superslab->owner = &slabs().no_heap;
  EXPECT_FALSE(slabs().pool.verify());
  superslab->owner = nullptr;
  superslab->free_units &= ~std::uint64_t{1};
  EXPECT_FALSE(slabs().pool.verify());
  superslab->free_units |= 1;
}

TEST_F(SharedPoolTest, WhateverCallFailsTheAnswerIsNullAndTheNextTryWorks) {
  unsigned refused = 0;
  for (std::uint64_t n = 1;; ++n) {
    const std::size_t taken = slabs().pool.count();
    os::plan_faults_for_test({.fail_from = n, .spare_releases = true});
    std::vector<SuperSlab*> held;
    for (unsigned i = 0; i < 200; ++i) {  // enough to need a new reservation and new records
      SuperSlab* const superslab = acquire();
      if (superslab == nullptr) break;
      held.push_back(superslab);
    }
    const bool failed = os::faults_planted_for_test() != 0;
    os::plan_faults_for_test({});
    EXPECT_EQ(std::set<SuperSlab*>(held.begin(), held.end()).size(), held.size());
    EXPECT_TRUE(slabs().pool.verify());
    EXPECT_GE(slabs().pool.count(), taken);
    SuperSlab* const after = acquire();
    EXPECT_NE(after, nullptr);
    release(after);
    for (SuperSlab* superslab : held) release(superslab);
    if (!failed) break;
    ++refused;
  }
  EXPECT_GE(refused, 1u);
}

TEST_F(SharedPoolTest, ThreadsThatRunDryTogetherTakeDifferentOnes) {
  constexpr std::size_t kThreads = 4, kEach = 20;
  std::vector<std::vector<SuperSlab*>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) {
          SuperSlab* const superslab = acquire();
          dirty(superslab, i);  // ours alone: a race is one for the sanitizer
          taken[t].push_back(superslab);
          if (i % 3 == 0) {
            release(taken[t].back(), i);
            taken[t].pop_back();
          }
        }
      });
    }
  }
  std::set<SuperSlab*> all;
  std::set<const std::byte*> data;
  std::size_t count = 0;
  for (const auto& own : taken) {
    for (SuperSlab* superslab : own) {
      all.insert(superslab);
      data.insert(superslab->data);
      ++count;
    }
  }
  EXPECT_EQ(all.size(), count);
  EXPECT_EQ(data.size(), count);
  for (SuperSlab* superslab : all) release(superslab, kEach);
}

class ScarceSharedPoolTest : public testing::Test {
 protected:
  AddressSpaceLimit limit_;
};

TEST_F(ScarceSharedPoolTest, MemoryGoesBackAtOnceAndTheRecordIsUsedAgain) {
  const os::MappingLedger ledger;
  const auto domain = std::make_unique<Domain>();
  ASSERT_TRUE(domain->ensure_initialised());
  SlabDomain& slabs = domain->slabs;
  ASSERT_TRUE(slabs.space.scarce());
  const auto acquire = [&] {
    return slabs.pool.acquire(kSingle, slabs.space, slabs.map, slabs.meta);
  };
  SuperSlab* const superslab = acquire();
  const std::byte* const data = superslab->data;
  slabs.pool.release(*superslab, 0, {}, slabs.space, slabs.map);
  EXPECT_EQ(superslab->data, nullptr);
  EXPECT_FALSE(slabs.map.lookup(reinterpret_cast<Address>(data)).is_ours());
  EXPECT_EQ(acquire(), superslab);
  EXPECT_NE(superslab->data, nullptr);
  EXPECT_EQ(slabs.pool.count(), 1u);
  os::plan_faults_for_test({.fail_nth = 1});  // the unmapping itself: it stays, cached
  slabs.pool.release(*superslab, 0, {}, slabs.space, slabs.map);
  os::plan_faults_for_test({});
  EXPECT_NE(superslab->data, nullptr);
  EXPECT_TRUE(slabs.map.lookup(reinterpret_cast<Address>(superslab->data)).is_ours());
  EXPECT_EQ(acquire(), superslab);
  slabs.pool.release(*superslab, 0, {}, slabs.space, slabs.map);
  EXPECT_TRUE(slabs.pool.verify());
}

TEST_F(ScarceSharedPoolTest, RefusedExpansionsUseOneRecordBetweenThem) {
  const os::MappingLedger ledger;
  const auto domain = std::make_unique<Domain>();
  ASSERT_TRUE(domain->ensure_initialised());
  SlabDomain& slabs = domain->slabs;
  const auto acquire = [&] {
    return slabs.pool.acquire(kSingle, slabs.space, slabs.map, slabs.meta);
  };
  SuperSlab* const first = acquire();
  ASSERT_NE(first, nullptr);
  os::plan_faults_for_test({.fail_from = 1, .spare_releases = true});
  for (unsigned i = 0; i < 5; ++i) EXPECT_EQ(acquire(), nullptr);
  os::plan_faults_for_test({});
  SuperSlab* const second = acquire();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(slabs.pool.count(), 2u);
  slabs.pool.release(*first, 0, {}, slabs.space, slabs.map);
  slabs.pool.release(*second, 0, {}, slabs.space, slabs.map);
}

}  // namespace
}  // namespace hakmem
