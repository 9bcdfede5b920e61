#include "superslab/slab.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "gate/superslab_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kStride = 64;

/// One slab of 64-byte blocks. In the tiny geometry it has four of them.
class SlabTest : public testing::Test {
 protected:
  void carve(std::size_t blocks) { ASSERT_TRUE(slab_.try_carve(blocks * kStride)); }
  std::size_t list_length() const {
    std::size_t length = 0;
    for (SlabBase block = slab_.free; block && length <= slab_.capacity; block = next_of(block)) {
      ++length;
    }
    return length;
  }

  SuperSlabWithMemory superslab_{SuperSlabKind::Single};
  Slab& slab_ = superslab_->take_unit(class_for(kStride));
};

TEST_F(SlabTest, AFreshSlabHasRoomAndNoBlocks) {
  EXPECT_EQ(slab_.capacity, capacity_of(class_for(kStride)));
  EXPECT_EQ(slab_.used, 0u);
  EXPECT_FALSE(slab_.try_pop());
  EXPECT_FALSE(slab_.is_exhausted());
  EXPECT_EQ(slab_.verify(), SlabDefect::None);
}

TEST_F(SlabTest, CarvingMakesAboutTheBytesAskedForInAddressOrder) {
  carve(3);
  EXPECT_EQ(slab_.carved, 3u);
  EXPECT_EQ(list_length(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(slab_.try_pop() == slab_.block_at(i));
  EXPECT_EQ(slab_.used, 3u);
  EXPECT_FALSE(slab_.try_pop());
}

TEST_F(SlabTest, CarvingMakesAtLeastOneBlockAndNoneBeyondTheCapacity) {
  EXPECT_TRUE(slab_.try_carve(1));
  EXPECT_EQ(slab_.carved, 1u);
  slab_.try_pop();
  EXPECT_TRUE(slab_.try_carve(kGranuleBytes * 4));
  EXPECT_EQ(slab_.carved, slab_.capacity);
  EXPECT_EQ(list_length(), slab_.capacity - 1);
  while (slab_.try_pop()) {
  }
  EXPECT_TRUE(slab_.is_exhausted());
  EXPECT_FALSE(slab_.try_carve(kStride));
  EXPECT_EQ(slab_.verify(), SlabDefect::None);
}

TEST_F(SlabTest, EveryBlockIsHandedOutOnceInsideTheSlab) {
  std::set<Address> seen;
  for (std::size_t i = 0; i < slab_.capacity; ++i) {
    if (!slab_.free) carve(2);
    const SlabBase block = slab_.try_pop();
    ASSERT_TRUE(block);
    EXPECT_TRUE(seen.insert(block.address()).second);
    EXPECT_GE(block.unsafe_bytes(), slab_.data);
    EXPECT_LE(block.unsafe_bytes() + kStride, slab_.data + kGranuleBytes);
  }
  EXPECT_EQ(seen.size(), slab_.capacity);
}

TEST_F(SlabTest, TheEquationHoldsThroughPushesAndPops) {
  std::vector<SlabBase> live;
  for (unsigned round = 0; round < 300; ++round) {
    const bool take = live.empty() || round % 5 < 3;
    if (take && !slab_.free && !slab_.try_carve(kStride)) break;
    if (take) {
      live.push_back(slab_.try_pop());
    } else {
      const bool last = slab_.push(live[round % live.size()]);
      live[round % live.size()] = live.back();
      live.pop_back();
      EXPECT_EQ(last, live.empty());
    }
    ASSERT_EQ(slab_.used, live.size());
    ASSERT_EQ(slab_.verify(), SlabDefect::None);
  }
  EXPECT_GE(slab_.carved, 2u);
}

TEST_F(SlabTest, ThePushOfTheLastLiveBlockSaysSo) {
  carve(2);
  const SlabBase first = slab_.try_pop(), second = slab_.try_pop();
  EXPECT_FALSE(slab_.push(second));
  EXPECT_TRUE(slab_.push(first));
  EXPECT_TRUE(slab_.try_pop() == first) << "last in, first out";
}

TEST_F(SlabTest, TheBiasOfAnActiveSlabIsNoLiveBlock) {
  carve(1);
  ++slab_.used;
  slab_.state = SlabState::Active;
  EXPECT_EQ(slab_.live_count(), 0u);
  EXPECT_EQ(slab_.verify(), SlabDefect::None);
  const SlabBase block = slab_.try_pop();
  EXPECT_EQ(slab_.live_count(), 1u);
  EXPECT_FALSE(slab_.push(block)) << "an active slab never looks empty";
}

TEST_F(SlabTest, AbsorbPutsADrainedChainBeforeTheList) {
  carve(4);
  SlabBase blocks[4];
  for (SlabBase& block : blocks) block = slab_.try_pop();
  slab_.push(blocks[0]);
  set_next(blocks[1], blocks[2]);
  set_next(blocks[2], nullptr);
  slab_.absorb({blocks[1], nullptr, 2});
  EXPECT_EQ(slab_.used, 1u);
  EXPECT_EQ(slab_.verify(), SlabDefect::None);
  EXPECT_TRUE(slab_.try_pop() == blocks[1]);
  EXPECT_TRUE(slab_.try_pop() == blocks[2]);
  EXPECT_TRUE(slab_.try_pop() == blocks[0]);
}

TEST_F(SlabTest, ABoundaryIsTheFirstByteOfABlockAndNothingElse) {
  carve(2);
  EXPECT_TRUE(slab_.is_carved_block(slab_.block_at(1)));
  EXPECT_FALSE(slab_.is_carved_block(slab_.block_at(2))) << "not carved yet";
  EXPECT_TRUE(slab_.is_block_boundary(slab_.block_at(2)));
  EXPECT_FALSE(slab_.is_block_boundary(slab_.block_at(slab_.capacity)));
  for (std::size_t inside = 1; inside < kStride; ++inside) {
    const SlabBase base = SlabBase::unsafe_from(slab_.block_at(1).unsafe_bytes() + inside);
    EXPECT_FALSE(slab_.is_block_boundary(base)) << inside;
    EXPECT_FALSE(slab_.is_carved_block(base)) << inside;
  }
  const SlabBase before = SlabBase::unsafe_from(slab_.block_at(0).unsafe_bytes() - 1);
  EXPECT_FALSE(slab_.is_block_boundary(before));
  EXPECT_FALSE(slab_.is_block_boundary(nullptr));
}

TEST_F(SlabTest, CarvedBlocksCarryTheirHeaderByte) {
  carve(4);
  if constexpr (kHeaderLayout) {
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(read_header(slab_.block_at(i)), header_byte_of(slab_.class_index));
    }
  } else {
    EXPECT_EQ(kFrontBytes, 0u);
  }
}

TEST_F(SlabTest, ResetForgetsItsLastLife) {
  carve(3);
  slab_.try_pop();
  Slab other;
  slab_.next = slab_.prev = slab_.pending_next = &other;
  const ClassIndex c = class_for(1024);
  slab_.reset(c, 1, 0);
  EXPECT_FALSE(slab_.free);
  EXPECT_EQ(slab_.used, 0u);
  EXPECT_EQ(slab_.carved, 0u);
  EXPECT_EQ(slab_.capacity, capacity_of(c));
  EXPECT_EQ(slab_.stride_bytes, 1024u);
  EXPECT_TRUE(slab_.class_index == c);
  EXPECT_EQ(slab_.next, nullptr);
  EXPECT_EQ(slab_.prev, nullptr);
  EXPECT_EQ(slab_.pending_next, nullptr);
}

/// verify() must find each planted defect: a check that finds nothing would pass every other test.
class SlabVerify : public SlabTest {
 protected:
  SlabVerify() {
    carve(4);
    taken_ = slab_.try_pop();
    EXPECT_EQ(slab_.verify(), SlabDefect::None);
  }
  SlabBase taken_;
};

TEST_F(SlabVerify, FindsAWrongCounter) {
  ++slab_.used;
  EXPECT_EQ(slab_.verify(), SlabDefect::Counters);
  slab_.used -= 2;
  EXPECT_EQ(slab_.verify(), SlabDefect::Counters);
}

TEST_F(SlabVerify, FindsAForgottenBias) {
  slab_.state = SlabState::Active;
  EXPECT_EQ(slab_.verify(), SlabDefect::Counters);
}

TEST_F(SlabVerify, FindsMoreCarvedThanFits) {
  slab_.carved = slab_.capacity + 1;
  EXPECT_EQ(slab_.verify(), SlabDefect::Counters);
}

TEST_F(SlabVerify, FindsALostBlock) {
  slab_.free = next_of(slab_.free);
  EXPECT_EQ(slab_.verify(), SlabDefect::Counters);
}

TEST_F(SlabVerify, FindsACycle) {
  set_next(slab_.block_at(3), slab_.block_at(1));
  EXPECT_EQ(slab_.verify(), SlabDefect::ListCycle);
}

TEST_F(SlabVerify, FindsABlockFreedTwice) {
  slab_.push(taken_);
  slab_.push(taken_);
  EXPECT_NE(slab_.verify(), SlabDefect::None);
}

TEST_F(SlabVerify, FindsANodeOfAnotherSlab) {
  Slab& other = superslab_->take_unit(class_for(kStride));
  ASSERT_TRUE(other.try_carve(kStride));
  set_next(slab_.block_at(2), other.block_at(0));
  EXPECT_EQ(slab_.verify(), SlabDefect::ForeignNode);
}

TEST_F(SlabVerify, FindsANodeInsideABlock) {
  set_next(slab_.block_at(2), SlabBase::unsafe_from(slab_.block_at(3).unsafe_bytes() + 16));
  EXPECT_EQ(slab_.verify(), SlabDefect::ForeignNode);
}

TEST_F(SlabVerify, FindsAnUncarvedNode) {
  slab_.carved = 3;
  slab_.used = 1;
  EXPECT_EQ(slab_.verify(), SlabDefect::ForeignNode);
}

TEST_F(SlabVerify, FindsAWrongClass) {
  slab_.class_index = class_for(kStride + 1);
  EXPECT_EQ(slab_.verify(), SlabDefect::WrongClass);
  slab_.class_index = ClassIndex{};
  EXPECT_EQ(slab_.verify(), SlabDefect::WrongClass);
  slab_.class_index = static_cast<ClassIndex>(kClassCount);
  EXPECT_EQ(slab_.verify(), SlabDefect::WrongClass);
}

}  // namespace
}  // namespace hakmem
