// An allocator instance of a test's own, and the claim that it is sound when the test ends.
// Called by the tests of superslab/, large/ and gate/. Invariant: no fault is planted before or
// after a test; every heap, the shared pool and the large tier agree with themselves at its end.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "gate/gate.h"
#include "os/os_fake.h"
#include "superslab/refill.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Expects every structure of the instance to agree with itself. No thread is inside an operation.
inline void expect_sound(Domain& domain) {
  domain.slabs.registry.for_each([](const Heap& heap) {
    EXPECT_EQ(verify_heap(heap), SlabDefect::None) << "heap " << heap.id;
    EXPECT_EQ(heap.shared_slow_depth.load(), 0u) << "heap " << heap.id;
  });
  EXPECT_TRUE(domain.slabs.pool.verify());
  EXPECT_TRUE(domain.large.verify());
  EXPECT_TRUE(domain.pages.verify());
}

/// Bounds what may rest after its free; nothing does below level 3. (Templates, because `if
/// constexpr` leaves the other branch out in templates alone.)
template <class DomainT>
void limit_quarantine(DomainT& domain, std::size_t blocks, std::size_t bytes) {
  if constexpr (kRecordLayout) {
    domain.checks.quarantine = {.blocks = blocks, .bytes = bytes};
    if (!kClosesLarge) domain.checks.resting_large = domain.checks.quarantine;
  }
}

/// Stacks of one frame at level 4: capturing them whole is not what these tests are about.
template <class DomainT>
void keep_stacks_short(DomainT& domain) {
  if constexpr (kBuildChecks.has(Check::kStacks)) domain.checks.stack_method = StackMethod::Caller;
}

/// Takes in what any thread freed remotely. Twice, because a heap forwards what it got for slabs
/// that were adopted meanwhile.
inline void drain_everything(Domain& domain) {
  for (unsigned pass = 0; pass < 2; ++pass) {
    domain.slabs.registry.for_each([&](Heap& heap) { drain_all(domain.slabs, heap); });
  }
}

/// Large blocks that were freed and rest in a quarantine.
template <class DomainT>
std::size_t resting_large_blocks(DomainT& domain) {
  std::size_t resting = 0;
  if constexpr (kRecordLayout) {
    domain.large.for_each_live([&](const auto& block) {
      resting += block.record.state() == BlockState::Quarantined ? 1u : 0u;
    });
  }
  return resting;
}

class DomainTest : public testing::Test {
 protected:
  DomainTest() {
    os::plan_faults_for_test({});
    keep_stacks_short(*domain_);
  }
  void TearDown() override {
    os::plan_faults_for_test({});
    expect_sound(*domain_);
  }

  SlabDomain& slabs() { return domain_->slabs; }
  Heap& heap() { return *thread_.heap; }

  void* allocate(std::size_t bytes) { return allocate(thread_, bytes); }
  void* allocate(ThreadState& thread, std::size_t bytes) {
    return front::allocate(*domain_, thread, bytes, AllocKind::Malloc);
  }
  void* allocate_zeroed(std::size_t bytes) {
    return front::allocate_zeroed(*domain_, thread_, bytes);
  }
  void* allocate_aligned(std::size_t align, std::size_t bytes) {
    return front::allocate_aligned(*domain_, thread_, align, bytes, AllocKind::Aligned);
  }
  void* reallocate(void* block, std::size_t bytes) {
    return front::reallocate(*domain_, thread_, wild(block), bytes);
  }
  void release(void* block) { release(thread_, block); }
  void release(ThreadState& thread, void* block) {
    front::release(*domain_, thread, wild(block), AllocKind::Malloc,
                   ColdRelease{*domain_, thread});
  }
  std::size_t usable(void* block) { return front::usable_size(*domain_, wild(block)); }

  os::MappingLedger ledger_;  // first: what the instance took is unmapped last
  std::unique_ptr<Domain> domain_ = std::make_unique<Domain>();
  ThreadState thread_{*domain_};
};

/// Blocks by class on heaps, below the gates: what the fast paths do with a slab.
class SlabDomainTest : public DomainTest {
 protected:
  SlabDomainTest() { EXPECT_TRUE(domain_->ensure_initialised()); }

  Heap& new_heap() { return *slabs().registry.acquire(slabs().sentinel, slabs().meta); }

  /// A block of class `c`: pop or refill. Null: memory was refused.
  SlabBase take(Heap& heap, ClassIndex c) {
    const SlabBase block = heap.active[index_of(c)]->try_pop();
    return block ? block : refill(slabs(), heap, c);
  }
  Slab& slab_of(SlabBase block) { return slabs().map.lookup(block.address()).slab(); }
  /// The owner's free: fast on slabs with a tag, else the slow half.
  void give(Heap& heap, SlabBase block) {
    Slab& slab = slab_of(block);
    if (slab.state == SlabState::Full) return free_owned(slabs(), heap, slab, block);
    if (slab.push(block)) retire_empty(slabs(), heap, slab);
  }
  void give_remote(SlabBase block) { free_remote(slab_of(block), {block, block, 1}); }

  OwnerTag tag_of(SlabBase block) {
    const std::uint64_t bits = slabs().map.lookup(block.address()).bits();
    return static_cast<OwnerTag>(bits >> 48);
  }
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
