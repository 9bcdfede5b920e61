// The leak search: what keeps a block, what does not, and when it says nothing rather than a wrong
// thing. Level 4. Each search runs in a child, whose exit status is what the test asks. Words that
// other tests left on stacks and heaps may point anywhere: what must leak is many blocks.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "gate/block_walk.h"
#include "gate/domain_for_test.h"
#include "gate/exit_sweep.h"
#include "gate/finding_for_test.h"
#include "gate/page_mode_for_test.h"

namespace hakmem {
namespace {

/// Roots of a test: a child's copy is its own.
constinit Address roots[16] = {};

class LeakSearch : public DomainTest {
 protected:
  static constexpr std::size_t kMany = 300, kBytes = 333;

  template <class Body>
  ChildRun run(Body body) {
    return run_child([&] {
      set_quick_reports<Options>(kIntegrityLevel);
      _exit(static_cast<int>(body()));
    });
  }
  Address address_of(void* block) { return reinterpret_cast<Address>(block); }
  BlockRecord& record_at(Address user) { return *find_checked_block(*domain_, user).record; }
  /// Live blocks of `bytes` that the search did not mark.
  std::size_t unmarked(std::size_t bytes) {
    std::size_t count = 0;
    const auto visit = [&](const CheckedBlock& block, BlockState state) {
      const BlockRecord& record = *block.record;
      const bool live = state == BlockState::Live && record.request_bytes == bytes;
      count += live && !record.marked ? 1u : 0u;
    };
    for_each_block(*domain_, visit);
    return count;
  }
};

TEST_F(LeakSearch, BlocksOfOneCallAreOneFindingWithTheirSum) {
  const ChildRun searched = run([&] {
    for (std::size_t i = 0; i < kMany; ++i) static_cast<void>(allocate(kBytes));
    return search_leaks(*domain_);
  });
  EXPECT_TRUE(searched.exited_with(1)) << searched.status << searched.errors;
  EXPECT_TRUE(searched.says(headline_of(Violation::kLeak))) << searched.errors;
  EXPECT_EQ(count_of(searched.errors, "Nothing points to "), 1u) << searched.errors;
}

TEST_F(LeakSearch, OfTooManyCallsTheFirstOnesAreTold) {
  const ChildRun searched = run([&] {
    for (Address i = 0; i < 1000; ++i) {
      StackTrace stack;
      stack.count = 1;
      stack.pcs[0] = i + 1;
      record_at(address_of(allocate(kBytes))).allocated_at = domain_->checks.depot.intern(stack);
    }
    return search_leaks(*domain_) == 256 ? 7 : 1;
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status;
}

TEST_F(LeakSearch, WithoutMemoryToWorkInNothingIsCalledALeak) {
  const ChildRun searched = run([&] {
    for (std::size_t i = 0; i < kMany; ++i) static_cast<void>(allocate(kBytes));
    os::plan_faults_for_test({.fail_from = 1});
    return search_leaks(*domain_);
  });
  EXPECT_TRUE(searched.exited_with(0)) << searched.status << searched.errors;
  EXPECT_TRUE(searched.says("the leak search found no memory to work in")) << searched.errors;
}

TEST_F(LeakSearch, APointerIntoABlockKeepsIt) {
  const ChildRun searched = run([&] {
    std::byte* const large = static_cast<std::byte*>(allocate(3 * kMiB));
    std::byte* const small = static_cast<std::byte*>(allocate(70));
    roots[0] = address_of(large + 2 * kMiB);
    roots[1] = address_of(small + 70);  // one past the end is the program's, too
    search_leaks(*domain_);
    return record_at(address_of(large)).marked && record_at(address_of(small)).marked ? 7 : 1;
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status << searched.errors;
}

TEST_F(LeakSearch, WhatABlockPointsToIsKeptToTheEndOfTheChain) {
  const ChildRun searched = run([&] {
    Address* last = roots;
    for (std::size_t i = 0; i < kMany; ++i) {
      *last = address_of(allocate(kBytes));
      last = reinterpret_cast<Address*>(*last) + i % (kBytes / sizeof(Address));
    }
    search_leaks(*domain_);
    return unmarked(kBytes) == 0 ? 7 : 1;
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status << searched.errors;
}

/// Words that lead to memory of ours in which no block of the program's is.
TEST_F(LeakSearch, PointersBesideBlocksKeepNothing) {
  const ChildRun searched = run([&] {
    limit_quarantine(*domain_, 0, 0);
    std::byte* const large = static_cast<std::byte*>(allocate(kMiB));
    void* freed_slab[kMany];
    for (void*& block : freed_slab) block = allocate(20000);
    for (void* const block : freed_slab) release(block);
    void* const kept = allocate(kBytes);
    const Slab& slab = domain_->slabs.map.lookup(address_of(kept)).slab();
    std::vector<Address> leaks(kMany);
    for (Address& block : leaks) block = address_of(allocate(kBytes));
    // In the canaries, of which the next block's begin where this one's end.
    for (Address block : leaks) roots[4] = block - kFrontBytes / 2;
    std::ranges::fill(leaks, 0);
    roots[0] = address_of(large + kMiB + kGranuleBytes);  // the free run behind it
    roots[1] = address_of(freed_slab[0]);
    roots[2] = slab.first_base() - 1;
    roots[3] = slab.first_base() + std::size_t{slab.capacity} * slab.stride_bytes - 1;
    roots[5] = address_of(large + kMiB + kFrontBytes);  // its last page, and no byte of its own
    search_leaks(*domain_);
    return unmarked(kBytes) > kMany / 2 ? 7 : 1;
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status << searched.errors;
}

TEST_F(LeakSearch, FreedBlocksKeepNothingAndAreNoLeaks) {
  const ChildRun searched = run([&] {
    Address* const freed = static_cast<Address*>(allocate(kMany * sizeof(Address)));
    for (std::size_t i = 0; i < kMany; ++i) freed[i] = address_of(allocate(kBytes));
    release(freed);
    roots[0] = address_of(freed);
    search_leaks(*domain_);
    return unmarked(kBytes) > kMany / 2 ? 7 : 1;
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status << searched.errors;
}

class LeakSearchOnPages : public PageModeTest {};
INSTANTIATE_TEST_SUITE_P(Sides, LeakSearchOnPages, both_sides(), side_name);

/// Another thread may free a block, and so close its pages, while it is read.
TEST_P(LeakSearchOnPages, PagesThatCloseMeanwhileAreTheEndOfABlock) {
  enable();
  const ChildRun searched = run_child([&] {
    set_quick_reports<Options>(kIntegrityLevel);
    constexpr std::size_t kBytes = 8 * kPageBytes, kWords = kBytes / sizeof(Address);
    Address* const table = static_cast<Address*>(allocate(kBytes));
    BlockRecord* records[2];
    for (const std::size_t i : {0u, 1u}) {
      void* const block = allocate(100);
      table[i * (kWords - 1)] = reinterpret_cast<Address>(block);
      records[i] = find_checked_block(*domain_, reinterpret_cast<Address>(block)).record;
    }
    roots[0] = reinterpret_cast<Address>(table);
    roots[1] = reinterpret_cast<Address>(table) + kBytes + kPageBytes;  // a guard, or another block
    std::byte* const middle = reinterpret_cast<std::byte*>(table) + kBytes / 2;
    mprotect(middle, kPageBytes, PROT_NONE);
    search_leaks(*domain_);
    _exit(records[0]->marked ? 7 : 1);
  });
  EXPECT_TRUE(searched.exited_with(7)) << searched.status << searched.errors;
}

}  // namespace
}  // namespace hakmem
