#include "integrity/block_record.h"

#include <gtest/gtest.h>

namespace hakmem {

namespace {

TEST(BlockRecord, ALookIsOfABlockInUseAndOneAtATime) {
  for (const BlockState state : {BlockState::Fresh, BlockState::Free, BlockState::Busy}) {
    BlockRecord record;
    record.publish(state);
    EXPECT_FALSE(RecordLook(record)) << name_of(state);
    EXPECT_EQ(record.state(), state);
  }
  for (const BlockState state : {BlockState::Live, BlockState::Quarantined}) {
    BlockRecord record;
    record.publish(state);
    {
      const RecordLook look(record);
      ASSERT_TRUE(look);
      EXPECT_EQ(look.found(), state);
      EXPECT_EQ(record.state(), state) << "others see what the block is";
      EXPECT_NE(record.state_and_mark(), state);
      EXPECT_FALSE(RecordLook(record)) << "a second look";
      EXPECT_FALSE(record.try_end_rest()) << "the block could be handed out";
    }
    EXPECT_EQ(record.state_and_mark(), state);
  }
}

TEST(BlockRecord, WhoLosesPatienceTakesTheBlock) {
  BlockRecord record;
  record.publish(BlockState::Live);
  {
    const RecordLook look(record);
    ASSERT_TRUE(look);
    BlockState expected = BlockState::Live;
    EXPECT_TRUE(record.try_take(expected)) << "waited for ever, or gave up";
  }
  EXPECT_EQ(record.state_and_mark(), BlockState::Busy) << "the look's end took it away again";
}

TEST(BlockRecord, TakingWhatIsLookedAtSaysWhatItIs) {
  BlockRecord record;
  record.publish(BlockState::Quarantined);
  const RecordLook look(record);
  ASSERT_TRUE(look);
  BlockState expected = BlockState::Live;
  EXPECT_FALSE(record.try_take(expected));
  EXPECT_EQ(expected, BlockState::Quarantined) << "a double free";
}

TEST(BlockRecord, AnAllocationTakesWhatIsUnusedAlone) {
  EXPECT_TRUE(is_unused(BlockState::Fresh));
  EXPECT_TRUE(is_unused(BlockState::Free));
  for (const BlockState state : {BlockState::Live, BlockState::Quarantined, BlockState::Busy}) {
    EXPECT_FALSE(is_unused(state)) << name_of(state);
  }
}

TEST(BlockRecord, ARenewedRecordKnowsNothing) {
  BlockRecord record;
  record.kind = AllocKind::NewArray;
  record.align_log2 = 5;
  record.marked = record.closed = true;
  record.seen_in = 3;
  record.allocated_by = record.freed_by = 7;
  record.allocated_at = record.freed_at = StackId{9};
  record.request_bytes = 11;
  record.allocated_sequence = record.freed_sequence = 13;
  record.publish(BlockState::Free);
  record.renew();
  EXPECT_EQ(record.state_and_mark(), BlockState::Fresh);
  EXPECT_EQ(record.kind, AllocKind::Malloc);
  EXPECT_EQ(record.align_log2, 0u);
  EXPECT_FALSE(record.marked || record.closed);
  EXPECT_EQ(record.seen_in, 0u);
  EXPECT_EQ(record.allocated_by + record.freed_by, 0u);
  EXPECT_EQ(record.allocated_at, StackId::None);
  EXPECT_EQ(record.freed_at, StackId::None);
  EXPECT_EQ(record.request_bytes, 0u);
  EXPECT_EQ(record.allocated_sequence + record.freed_sequence, 0u);
}

}  // namespace

}  // namespace hakmem
