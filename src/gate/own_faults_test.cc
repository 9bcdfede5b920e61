// Our own faults (HK9xx): each structure is broken by hand, and the hook that looks at it next must
// end the process with the right id, the right words and 87; below the check's level it is silent.
#include <gtest/gtest.h>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "integrity/hooks.h"

namespace hakmem {
namespace {

constexpr int kInvariantsLevel = 2;
constexpr int kRecordsLevel = 3;

class OwnFaults : public SlabDomainTest {
 protected:
  /// A slab with a live block and two free ones, of the three that every geometry's slabs have.
  Slab& slab_in_use() {
    Heap& heap = new_heap();
    const ClassIndex c = class_for(64);
    for (SlabBase& block : blocks_) block = take(heap, c);
    give(heap, blocks_[0]);
    give(heap, blocks_[1]);
    return slab_of(blocks_[2]);
  }

  /// Expects the finding from `level` on, and silence below it.
  template <class Body>
  void expect_own_fault(Violation violation, int level, const char* id, const char* words,
                        Body body) {
    if (kIntegrityLevel < level) {
      EXPECT_TRUE(run_child(body).exited_with(0)) << "not silent below its level";
      return;
    }
    const std::string report = expect_finding(violation, kIntegrityLevel, body);
    EXPECT_NE(report.find(id), std::string::npos) << report;
    EXPECT_NE(report.find(words), std::string::npos) << report;
    const bool blames_itself =
        report.find("This is a bug in HAKMEM, not in your program.") != std::string::npos;
    EXPECT_EQ(blames_itself, row_of(violation).fault == Fault::Hakmem) << report;
  }

  SlabBase blocks_[3];
};

TEST_F(OwnFaults, AListThatDoesNotEnd) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kFreelistBroken, kInvariantsLevel, "HK901",
                   "the free list does not end", [&] {
                     set_next(blocks_[0], blocks_[1]);
                     set_next(blocks_[1], blocks_[0]);
                     slab.free = blocks_[0];
                     hooks::on_slab_transition(slab);
                   });
}

TEST_F(OwnFaults, CountersThatDisagree) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kCounterBroken, kInvariantsLevel, "HK902",
                   "used, carved and the free list's length disagree", [&] {
                     ++slab.used;
                     hooks::on_slab_transition(slab);
                   });
}

TEST_F(OwnFaults, MoreBlocksPushedThanASlabHas) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kRemoteBroken, kInvariantsLevel, "HK903",
                   "not as many as were pushed", [&] {
                     const BlockChain chain{blocks_[2], blocks_[2], slab.capacity + 1};
                     hooks::on_remote_push(slab, chain);
                   });
}

TEST_F(OwnFaults, ADrainThatLostABlock) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kRemoteBroken, kInvariantsLevel, "HK903",
                   "A remote queue held 1 blocks", [&] {
                     set_next(blocks_[2], nullptr);
                     static_cast<void>(
                         hooks::may_absorb(slab, BlockChain{blocks_[2], blocks_[2], 2}));
                   });
}

TEST_F(OwnFaults, ASlabOfAnotherClass) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kClassMismatch, kInvariantsLevel, "HK904",
                   "the class does not fit the slab", [&] {
                     slab.class_index = class_for(128);
                     hooks::on_slab_transition(slab);
                   });
}

TEST_F(OwnFaults, ASuperSlabThatIsNotEmptyThoughItShouldBe) {
  Slab& slab = slab_in_use();
  expect_own_fault(Violation::kRegistryBroken, kInvariantsLevel, "HK905",
                   "does not agree with its registry entry",
                   [&] { hooks::on_superslab_unmap(*slab.superslab); });
}

TEST_F(OwnFaults, ASlabWhoseOwnerIsAnotherHeap) {
  Slab& slab = slab_in_use();
  Heap& heap = *slab.shared_owner.load(SlabOrders::kOwnerRead);
  Heap& other = new_heap();
  expect_own_fault(Violation::kRegistryBroken, kInvariantsLevel, "HK905",
                   "that another heap owns", [&] {
                     slab.shared_owner.store(&other, SlabOrders::kOwnerChange);
                     retire_empty(slabs(), heap, slab);
                   });
}

/// The last word of the state of a thread, or of a heap: from level 2 on the one behind it.
template <class State>
std::byte* last_word_of(State& state) {
  if constexpr (kStateCanaries) return reinterpret_cast<std::byte*>(&state.canary_behind);
  return reinterpret_cast<std::byte*>(&state + 1) - sizeof(std::uint64_t);
}

TEST_F(OwnFaults, AWriteThatStraysIntoAThreadsState) {
  release(allocate(100));
  expect_own_fault(Violation::kStrayWrite, kInvariantsLevel, "HK112",
                   "the state that HAKMEM keeps of a thread was overwritten", [&] {
                     last_word_of(thread_)[3] ^= std::byte{1};
                     release(allocate(100000));
                   });
}

TEST_F(OwnFaults, AWriteThatStraysIntoAHeapsState) {
  release(allocate(100));
  expect_own_fault(Violation::kStrayWrite, kInvariantsLevel, "HK112",
                   "the state that HAKMEM keeps of a heap was overwritten", [&] {
                     last_word_of(*thread_.heap)[7] ^= std::byte{0x80};
                     release(allocate(100000));
                   });
}

TEST_F(OwnFaults, ABlockInUseCarvedOnceMore) {
  void* const block = allocate(100);
  Slab& slab = slab_of(SlabBase::unsafe_from(static_cast<std::byte*>(block) - kFrontBytes));
  expect_own_fault(Violation::kHandedOutTwice, kRecordsLevel, "HK906", "carved once more", [&] {
    slab.carved = 0;
    slab.try_carve(slab.stride_bytes * std::size_t{slab.capacity});
  });
  release(block);
}

TEST_F(OwnFaults, ABlockHandedOutTwice) {
  void* const block = allocate(100);
  std::byte* const base = static_cast<std::byte*>(block) - kFrontBytes;
  expect_own_fault(Violation::kHandedOutTwice, kRecordsLevel, "HK906", "is still in use", [&] {
    Slab& slab = slab_of(SlabBase::unsafe_from(base));
    slab.push(SlabBase::unsafe_from(base));
    allocate(100);
  });
  release(block);
}

}  // namespace
}  // namespace hakmem
