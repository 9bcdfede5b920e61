#include "integrity/freelist.h"

#include <gtest/gtest.h>

#include <array>

namespace hakmem {
namespace {

constexpr std::size_t kSlabBytes = 64;

class Freelist : public testing::Test {
 protected:
  SlabBase block_at(std::size_t index) {
    return SlabBase::unsafe_from(memory_.data() + index * kSlabBytes);
  }
  std::uint64_t stored_at(SlabBase block) {
    std::uint64_t stored;
    std::memcpy(&stored, block.unsafe_bytes() + kNextOffset, sizeof stored);
    return stored;
  }
  void store_at(SlabBase block, std::uint64_t stored) {
    std::memcpy(block.unsafe_bytes() + kNextOffset, &stored, sizeof stored);
  }
  alignas(16) std::array<std::byte, 8 * kSlabBytes> memory_{};
};

TEST_F(Freelist, ALinkReadsAsItWasWritten) {
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      set_next(block_at(i), block_at(j));
      EXPECT_TRUE(next_of(block_at(i)) == block_at(j));
    }
    set_next(block_at(i), nullptr);
    EXPECT_FALSE(next_of(block_at(i)));
  }
}

TEST_F(Freelist, ALinkTakesEightBytesAtItsOffset) {
  memory_.fill(std::byte{0x77});
  const SlabBase block = block_at(1);
  set_next(block, block_at(3));
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    const std::size_t offset = i - kSlabBytes;
    if (offset - kNextOffset < sizeof(std::uint64_t)) continue;
    ASSERT_EQ(memory_[i], std::byte{0x77}) << "offset " << offset;
  }
}

TEST_F(Freelist, AStoredLinkIsPlainBelowLevelTwoAndMixedFromThere) {
  set_next(block_at(0), block_at(1));
  set_next(block_at(2), nullptr);
  if constexpr (kBuildChecks.has(Check::kListPatterns)) {
    EXPECT_NE(stored_at(block_at(0)), block_at(1).address());
    EXPECT_NE(stored_at(block_at(2)), 0u);
  } else {
    EXPECT_EQ(stored_at(block_at(0)), block_at(1).address());
    EXPECT_EQ(stored_at(block_at(2)), 0u);
  }
}

TEST_F(Freelist, FromLevelTwoOnWhatAProgramWritesThereIsNoAddress) {
  if constexpr (kBuildChecks.has(Check::kListPatterns)) {
    const Address own = block_at(5).address();
    for (const std::uint64_t written : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{own},
                                        std::uint64_t{0xa2a2a2a2a2a2a2a2}, std::uint64_t{1}}) {
      store_at(block_at(5), written);
      EXPECT_NE(next_of(block_at(5)).address() >> kAddressBits, 0u) << std::hex << written;
    }
  } else {
    store_at(block_at(5), block_at(6).address());
    EXPECT_TRUE(next_of(block_at(5)) == block_at(6));
  }
}

TEST_F(Freelist, TheSameLinkIsStoredDifferentlyInEveryBlockFromLevelTwoOn) {
  set_next(block_at(0), block_at(7));
  set_next(block_at(1), block_at(7));
  EXPECT_EQ(stored_at(block_at(0)) != stored_at(block_at(1)),
            kBuildChecks.has(Check::kListPatterns));
}

}  // namespace
}  // namespace hakmem
