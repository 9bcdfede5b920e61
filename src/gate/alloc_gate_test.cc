#include "gate/alloc_gate.h"

#include <gtest/gtest.h>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

/// The raw gate, at every level: which tier serves what.
class AllocGate : public DomainTest {
 protected:
  void* raw(std::size_t bytes) { return hakmem::allocate(*domain_, thread_, bytes); }
  void raw_release(void* block) { hakmem::release(*domain_, thread_, wild(block)); }
  Located located(void* block) { return locate(*domain_, wild(block)); }
};

TEST_F(AllocGate, EveryRequestIsServedByExactlyOneTier) {
  for (std::size_t bytes = 0; bytes <= pool::kRequestMax + 3000; ++bytes) {
    void* const block = raw(bytes);
    const Located found = located(block);
    ASSERT_TRUE(found.is_start) << bytes;
    const bool slab = bytes <= pool::kRequestMax;
    ASSERT_EQ(found.slab != nullptr, slab) << bytes;
    ASSERT_EQ(found.large != nullptr, !slab) << bytes;
    if (slab) {
      ASSERT_EQ(is_tiny(found.slab->class_index), bytes <= tiny::kRequestMax) << bytes;
    }
    ASSERT_GE(usable_size(*domain_, wild(block)), bytes);
    raw_release(block);
  }
}

TEST_F(AllocGate, EveryPowerOfTwoAndItsNeighboursIsServedOrRefused) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    // From level 1 on a mapping has an entry for each granule: 16 TiB would take 2 GiB of them.
    if (kIntegrityLevel >= 1 && shift > 40 && shift < 47) continue;
    const std::size_t power = std::size_t{1} << shift;
    for (const std::size_t bytes : {power - 1, power, power + 1}) {
      void* const block = raw(bytes);
      if (bytes <= kGiB) {
        ASSERT_NE(block, nullptr) << bytes;
      }
      if (bytes > kRequestMax) {
        ASSERT_EQ(block, nullptr) << bytes;
      }
      if (block == nullptr) continue;
      EXPECT_GE(usable_size(*domain_, wild(block)), bytes);
      EXPECT_EQ(reinterpret_cast<Address>(block) % kMinAlignBytes, 0u);
      raw_release(block);
    }
  }
}

TEST_F(AllocGate, TheFastPathServesTinyRequestsAloneAndOnlyWhatIsThere) {
  EXPECT_EQ(try_allocate_tiny(thread_, 100), nullptr) << "no slab yet";
  void* const first = raw(100);
  raw_release(first);
  EXPECT_EQ(try_allocate_tiny(thread_, 100), first);
  EXPECT_EQ(try_allocate_tiny(thread_, tiny::kRequestMax + 1), nullptr);
  EXPECT_EQ(try_allocate_tiny(thread_, SIZE_MAX), nullptr);
  raw_release(first);
}

TEST_F(AllocGate, SmallAlignmentsAreServedBySlabs) {
  for (std::size_t align = 32; align <= kPageBytes; align *= 2) {
    for (std::size_t bytes = 1; bytes <= 4 * align && bytes <= pool::kRequestMax / 2; bytes += 61) {
      void* const block = hakmem::allocate_aligned(*domain_, thread_, align, bytes);
      ASSERT_EQ(reinterpret_cast<Address>(block) % align, 0u) << align << " " << bytes;
      ASSERT_GE(usable_size(*domain_, wild(block)), bytes);
      ASSERT_NE(located(block).slab, nullptr) << align << " " << bytes;
      raw_release(block);
    }
  }
}

TEST_F(AllocGate, ZeroedLargeBlocksNeedNoWriting) {
  bool zeroed = false;
  void* const block = allocate_large(*domain_, thread_, 10 * kGranuleBytes, kMinAlignBytes, zeroed);
  EXPECT_TRUE(zeroed);
  EXPECT_NE(block, nullptr);
  raw_release(block);
  EXPECT_EQ(allocate_large(*domain_, thread_, SIZE_MAX, kMinAlignBytes, zeroed), nullptr);
  EXPECT_FALSE(zeroed);
}

TEST_F(AllocGate, CachedRunsAreGivenBackBeforeARequestIsRefused) {
  // Tiny regions hold no run of this size: the retry is the large tier's own there.
  void* const cached = raw(3 * kGranuleBytes);
  std::memset(cached, 0x5a, 3 * kGranuleBytes);
  raw_release(cached);
  os::plan_faults_for_test({.fail_from = 1, .spare_releases = true});
  void* const block = raw(64 * kGiB);
  EXPECT_EQ(block, nullptr);
  os::plan_faults_for_test({});
  EXPECT_EQ(static_cast<std::byte*>(cached)[0], std::byte{0}) << "its pages went back";
}

}  // namespace
}  // namespace hakmem
