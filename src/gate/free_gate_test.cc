#include "gate/free_gate.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <thread>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kLarge = 5 * kGranuleBytes;

class FreeGate : public DomainTest {
 protected:
  void* raw(std::size_t bytes) { return hakmem::allocate(*domain_, thread_, bytes); }
  Located located(void* block, std::ptrdiff_t offset = 0) {
    return locate(*domain_, wild(static_cast<std::byte*>(block) + offset));
  }

  /// What free() does with `pointer`, which is no live block's start: a finding from level 1 on;
  /// at level 0 it is ignored and counted.
  template <class DomainT>
  void expect_refused_by(DomainT& domain, Violation violation, void* pointer) {
    if constexpr (kIntegrityLevel >= 1) {
      expect_finding(violation, kIntegrityLevel, [&] { release(pointer); });
    } else {
      const std::uint64_t before = domain.shared_foreign_frees.load();
      release(pointer);
      EXPECT_EQ(domain.shared_foreign_frees.load(), before + 1) << pointer;
    }
    expect_sound(domain);
  }
  void expect_refused(Violation violation, void* pointer) {
    SCOPED_TRACE(testing::Message() << "free of " << pointer);
    expect_refused_by(*domain_, violation, pointer);
  }
  /// For what level 0 does not look at: only higher levels must notice.
  template <class Body>
  void expect_found_from_level(int level, Violation violation, Body body) {
    if (kIntegrityLevel < level) return;
    if constexpr (kIntegrityLevel >= 1) expect_finding(violation, kIntegrityLevel, body);
  }
};

TEST_F(FreeGate, LocateKnowsStartsInsidesAndOutsidesOfSlabBlocks) {
  void* const block = raw(100);
  const Located start = located(block);
  EXPECT_TRUE(start.is_start);
  ASSERT_NE(start.slab, nullptr);
  EXPECT_EQ(start.large, nullptr);
  const std::ptrdiff_t stride = start.slab->stride_bytes;
  for (std::ptrdiff_t inside = 1; inside < stride; ++inside) {
    EXPECT_FALSE(located(block, inside).is_start) << inside;
    EXPECT_EQ(located(block, inside).slab, start.slab);
  }
  EXPECT_TRUE(located(block, stride).is_start) << "the next block's start";
  EXPECT_FALSE(located(start.slab->data + kGranuleBytes - 1).is_start);
  hakmem::release(*domain_, thread_, wild(block));
}

TEST_F(FreeGate, LocateKnowsStartsInsidesAndOutsidesOfLargeBlocks) {
  void* const block = raw(kLarge);
  const Located start = located(block);
  EXPECT_TRUE(start.is_start);
  ASSERT_NE(start.large, nullptr);
  EXPECT_EQ(start.slab, nullptr);
  EXPECT_FALSE(located(block, 1).is_start);
  EXPECT_EQ(located(block, 1).large, start.large);
  EXPECT_EQ(located(start.large->base + start.large->bytes).large, nullptr) << "one past its end";
  hakmem::release(*domain_, thread_, wild(block));
  EXPECT_FALSE(located(block).is_start) << "freed";
}

TEST_F(FreeGate, LocateOfForeignAddressesIsNothing) {
  raw(16);
  const Address foreign[] = {0, 1, reinterpret_cast<Address>(this),
                             reinterpret_cast<Address>(&headline_of), Address{1} << kAddressBits,
                             0xa2a2a2a2a2a2a2a2u, ~Address{0}};
  for (const Address address : foreign) {
    const Located found = locate(*domain_, wild(reinterpret_cast<void*>(address)));
    EXPECT_FALSE(found.entry.is_ours()) << std::hex << address;
    EXPECT_FALSE(found.is_start);
    EXPECT_EQ(hakmem::usable_size(*domain_, wild(reinterpret_cast<void*>(address))), 0u);
  }
}

TEST_F(FreeGate, WildAddressesAreRefused) {
  release(allocate(16));
  int on_stack = 0;
  static int global = 0;
  void* const page = mmap(nullptr, kPageBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (void* pointer : {static_cast<void*>(&on_stack), static_cast<void*>(&global), page,
                        reinterpret_cast<void*>(0x10), reinterpret_cast<void*>(~Address{0}),
                        reinterpret_cast<void*>(Address{1} << kAddressBits),
                        reinterpret_cast<void*>(0xa2a2a2a2a2a2a2a0u)}) {
    expect_refused(Violation::kForeignFree, pointer);
  }
  munmap(page, kPageBytes);
}

TEST_F(FreeGate, FreeUnitsAndFreeRunsAreRefused) {
  std::byte* const block = static_cast<std::byte*>(raw(100));
  SuperSlab& superslab = *located(block).slab->superslab;
  std::byte* const unused = superslab.data + (SuperSlab::kSlabs - 1) * kGranuleBytes;
  expect_refused(Violation::kForeignFree, unused + 64);
  LargeBlock& large = *located(raw(kLarge)).large;
  expect_refused(Violation::kForeignFree, large.base + kLarge + 2 * kGranuleBytes);
}

TEST_F(FreeGate, TheInsideOfALargeBlockIsRefused) {
  std::byte* const block = static_cast<std::byte*>(allocate(kLarge));
  for (const std::size_t offset : {std::size_t{1}, std::size_t{16}, kLarge - 1}) {
    expect_refused(Violation::kInvalidFree, block + offset);
  }
  release(block);
}

TEST_F(FreeGate, ALargeBlockFreedTwiceIsRefused) {
  void* const block = allocate(kLarge);
  void* const guard = allocate(kLarge);
  release(block);
  expect_refused(kIntegrityLevel >= 3 ? Violation::kDoubleFree : Violation::kForeignFree, block);
  release(guard);
}

TEST_F(FreeGate, TheInsideOfASmallBlockIsFoundFromLevelOneOn) {
  std::byte* const block = static_cast<std::byte*>(allocate(100));
  for (const std::size_t offset : {1u, 16u, 99u}) {
    expect_found_from_level(1, Violation::kInvalidFree, [&] { release(block + offset); });
  }
  release(block);
}

TEST_F(FreeGate, TheInsideOfAnotherThreadsBlockIsFoundFromLevelOneOn) {
  std::byte* const block = static_cast<std::byte*>(allocate(100));
  ThreadState other(*domain_);
  release(other, allocate(other, 100));
  expect_found_from_level(1, Violation::kInvalidFree, [&] { release(other, block + 16); });
  release(other, block);
}

TEST_F(FreeGate, ABlockNeverHandedOutIsFoundFromLevelOneOn) {
  std::byte* const block = static_cast<std::byte*>(raw(2000));
  const Slab& slab = *located(block).slab;
  std::byte* const last = to_user(slab.block_at(slab.capacity - 1)).unsafe_bytes();
  expect_found_from_level(1, Violation::kForeignFree, [&] { release(last); });
}

TEST_F(FreeGate, AnImmediateDoubleFreeIsFoundFromLevelOneOn) {
  void* const block = allocate(100);
  release(block);
  expect_found_from_level(1, Violation::kDoubleFree, [&] { release(block); });
}

TEST_F(FreeGate, ADamagedHeaderByteIsFoundFromLevelTwoOn) {
  std::byte* const block = static_cast<std::byte*>(allocate(100));
  expect_found_from_level(2, Violation::kUnderflow, [&] {
    block[-1] ^= std::byte{0x01};
    release(block);
  });
  release(block);
}

TEST_F(FreeGate, AWriteToABlockThatRestsNoMoreIsFoundAtItsReuseFromLevelThreeOn) {
  limit_quarantine(*domain_, 0, 0);
  expect_found_from_level(3, Violation::kWriteAfterFree, [&] {
    std::byte* const block = static_cast<std::byte*>(allocate(64));
    release(block);
    block[20] = std::byte{1};
    for (unsigned i = 0; i < kGranuleBytes / 64; ++i) allocate(64);
  });
}

TEST_F(FreeGate, AnOverwrittenLinkIsFoundFromLevelOneOnWhereItIsInReach) {
  constexpr bool kInReach = kNextOffset + sizeof(std::uint64_t) > kFrontBytes;
  std::byte* const first = static_cast<std::byte*>(raw(100));
  std::byte* const second = static_cast<std::byte*>(raw(100));
  expect_found_from_level(kInReach ? 1 : kIntegrityLevelMax + 1, Violation::kWriteAfterFree, [&] {
    hakmem::release(*domain_, thread_, wild(first));
    hakmem::release(*domain_, thread_, wild(second));
    std::memset(second, 0x41, 16);
    raw(100);
    raw(100);
  });
  hakmem::release(*domain_, thread_, wild(first));
  hakmem::release(*domain_, thread_, wild(second));
  if constexpr (!kInReach) {  // what a program writes there cannot mislead the allocator
    std::memset(second, 0x41, 16);
    EXPECT_EQ(raw(100), second);
    EXPECT_EQ(raw(100), first);
  }
}

}  // namespace
}  // namespace hakmem
