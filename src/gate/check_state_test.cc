// What the checked levels take from the options, and what a sweep's number tells. Level 3 on.
#include <gtest/gtest.h>

#include <memory>

#include "base/text_sink.h"
#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

class CheckStateOf : public DomainTest {
 protected:
  static Options with_stack(const char* method) {
    Options options;
    TextSink(options.stack.bytes, kOptionTextMax).text(method);
    return options;
  }
  CheckState& checks() { return domain_->checks; }
};

TEST_F(CheckStateOf, OptionsReachTheChecks) {
  Options options = with_stack("safe");
  options.quarantine_blocks = 77;
  options.quarantine_kib = 5;
  options.check_every = 1000;
  options.stack_frames = 9;
  EXPECT_TRUE(checks().configure(options, false));
  EXPECT_EQ(checks().quarantine.blocks, 77u);
  EXPECT_EQ(checks().quarantine.bytes, 5 * kKiB);
  EXPECT_EQ(checks().check_every, 1000u);
  EXPECT_EQ(checks().stack_frames, 9u);
  EXPECT_EQ(checks().stack_method, StackMethod::Safe);
}

TEST_F(CheckStateOf, WithoutABoundInBytesTheLevelsOwnHolds) {
  Options options;
  options.quarantine_kib = 0;
  options.quarantine_blocks = ~std::uint64_t{0};
  EXPECT_TRUE(checks().configure(options, false));
  EXPECT_EQ(checks().quarantine.blocks, kRestUnlessTold.blocks);
  EXPECT_EQ(checks().quarantine.bytes, kRestUnlessTold.bytes);
  options.quarantine_blocks = 3;
  EXPECT_TRUE(checks().configure(options, false));
  EXPECT_EQ(checks().quarantine.blocks, 3u);
}

TEST_F(CheckStateOf, LargeBlocksRestUnlessMemoryIsScarceOrNothingDoes) {
  Options options;
  EXPECT_TRUE(checks().configure(options, false));
  EXPECT_EQ(checks().resting_large.blocks, kLargeRest.blocks);
  options.quarantine_blocks = 0;
  EXPECT_TRUE(checks().configure(options, false));
  EXPECT_EQ(checks().resting_large.blocks, 0u);
  checks().resting_large = kLargeRest;
  EXPECT_TRUE(checks().configure(Options{}, true));
  EXPECT_EQ(checks().resting_large.blocks, 0u);
}

TEST_F(CheckStateOf, WhereMemoryIsScarceTheMethodThatTakesNoneIsChosen) {
  EXPECT_TRUE(checks().configure(with_stack("auto"), false));
  EXPECT_EQ(checks().stack_method, StackMethod::Auto);
  EXPECT_TRUE(checks().configure(with_stack("auto"), true));
  EXPECT_EQ(checks().stack_method, StackMethod::Safe);
  EXPECT_FALSE(checks().configure(with_stack("guess"), false));
}

TEST_F(CheckStateOf, EventsAreAPowerOfTwoOrNone) {
  if constexpr (!kTraced) GTEST_SKIP() << "this level keeps no trace";
  Options options = with_stack("caller");
  options.trace_events = 0;
  EXPECT_TRUE(checks().configure(options, false));
  release(allocate(10));
  EXPECT_EQ(checks().rings.newest(), nullptr);
  const auto other = std::make_unique<Domain>();
  ThreadState thread(*other);
  options.trace_events = 1000;
  EXPECT_TRUE(other->checks.configure(options, false));
  for (unsigned i = 0; i < 3; ++i) front::allocate(*other, thread, 10, AllocKind::Malloc);
  ASSERT_NE(other->checks.rings.newest(), nullptr);
  EXPECT_EQ(other->checks.rings.newest()->capacity(), 1024u);
}

TEST_F(CheckStateOf, OfTheLastTwoSweepsItIsKnownWhenTheyBegan) {
  SweepLog sweeps;
  EXPECT_EQ(sweeps.began(0), 0u);
  const std::uint16_t first = sweeps.begin(10), second = sweeps.begin(20);
  EXPECT_EQ(sweeps.began(first), 10u);
  EXPECT_EQ(sweeps.began(second), 20u);
  const std::uint16_t third = sweeps.begin(30);
  EXPECT_EQ(sweeps.began(first), 0u) << "long ago";
  EXPECT_EQ(sweeps.began(second), 20u);
  EXPECT_EQ(sweeps.began(third), 30u);
}

}  // namespace
}  // namespace hakmem
