// A walk by remembered rules meets the frames that the unwinder meets, or says that it cannot.
#include "ptr_trace/frame_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <vector>

#include "base/compiler.h"
#include "ptr_trace/unwind_table.h"
#include "ptr_trace/unwinders.h"

namespace hakmem {
namespace {

constexpr std::uint32_t kFrames = 24;

struct Walks {
  PlacedFrame ours[kFrames], theirs[kFrames];
  std::uint32_t our_count = 0, their_count = 0;
};

/// All frames of a walk, innermost first; 0 when it is worth nothing.
std::uint32_t frames_of(FrameRules& rules, Address frame, const StackRange& range,
                        PlacedFrame* frames) {
  FrameWalk walk(frame, range);
  if (!walk) return 0;
  std::uint32_t count = 0;
  FrameWalk::Step step = FrameWalk::Step::Moved;
  while (count < kFrames && step == FrameWalk::Step::Moved) {
    frames[count++] = walk.frame();
    step = walk.next(rules);
  }
  return step == FrameWalk::Step::Lost ? 0 : count;
}

/// Both walks from the same function; its callers' frames are what is compared.
HAK_NOINLINE void walk(FrameRules& rules, Walks& walks) {
  const Address frame = reinterpret_cast<Address>(__builtin_frame_address(0));
  walks.our_count = frames_of(rules, frame, stack_range_around(frame), walks.ours);
  walks.their_count = unwind_tables_placed(walks.theirs, kFrames);
  asm volatile("" ::: "memory");
}

/// True when our frames are theirs from the first common one on, places included.
void expect_same(const Walks& walks) {
  ASSERT_GT(walks.our_count, 2u);
  const auto* const end = walks.theirs + walks.their_count;
  const auto* theirs = std::find_if(walks.theirs, end, [&](const PlacedFrame& frame) {
    return frame.place == walks.ours[0].place;
  });
  ASSERT_NE(theirs, end);
  for (std::uint32_t i = 0; i < walks.our_count && theirs != end; ++i, ++theirs) {
    EXPECT_EQ(walks.ours[i].place, theirs->place) << i;
    EXPECT_EQ(walks.ours[i].pc, theirs->pc) << i;
  }
}

HAK_NOINLINE void deep(unsigned levels, FrameRules& rules, Walks& walks) {
  if (levels == 0) {
    walk(rules, walks);
  } else {
    deep(levels - 1, rules, walks);
  }
  asm volatile("" ::: "memory");
}

/// The frame's end is found from rbp: its size is not known before it runs.
HAK_NOINLINE void with_variable_frame(std::size_t bytes, FrameRules& rules, Walks& walks) {
  volatile char* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  deep(2, rules, walks);
  asm volatile("" ::: "memory");
}

HAK_NOINLINE void with_saved_registers(FrameRules& rules, Walks& walks) {
  asm volatile("" ::: "rbx", "r12", "r13", "r14", "r15", "memory");
  deep(1, rules, walks);
  asm volatile("" ::: "rbx", "r12", "r13", "r14", "r15", "memory");
}

class FrameRulesTest : public testing::Test {
 protected:
  std::unique_ptr<FrameRules> rules_{new FrameRules()};
};

TEST_F(FrameRulesTest, MeetsTheFramesThatTheUnwinderMeets) {
  for (unsigned round = 0; round < 3; ++round) {
    for (const unsigned levels : {0u, 1u, 5u, 30u}) {
      Walks walks;
      deep(levels, *rules_, walks);
      expect_same(walks);
    }
    for (const std::size_t bytes : {16u, 400u, 4000u}) {
      Walks walks;
      with_variable_frame(bytes, *rules_, walks);
      expect_same(walks);
    }
    Walks walks;
    with_saved_registers(*rules_, walks);
    expect_same(walks);
  }
}

TEST_F(FrameRulesTest, SortsCallbacksOfTheCLibraryBetweenOurFrames) {
  static FrameRules* rules;
  static Walks walks;
  rules = rules_.get();
  int numbers[] = {3, 1, 2};
  std::qsort(numbers, 3, sizeof numbers[0], [](const void* a, const void* b) {
    walk(*rules, walks);
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  });
  expect_same(walks);
}

/// A signal's frame follows other rules: the walk must give nothing, not something wrong.
TEST_F(FrameRulesTest, GivesNothingThroughASignalFrame) {
  static FrameRules* rules;
  static Walks walks;
  rules = rules_.get();
  const auto before = std::signal(SIGUSR1, [](int) { walk(*rules, walks); });
  std::raise(SIGUSR1);
  std::signal(SIGUSR1, before);
  EXPECT_EQ(walks.our_count, 0u);
  EXPECT_GT(walks.their_count + 1, 0u);
}

TEST_F(FrameRulesTest, AnAddressWithoutTablesHasNoRule) {
  static char no_code[16];
  EXPECT_EQ(read_frame_rule(reinterpret_cast<Address>(no_code + 8)).kind,
            FrameRule::Kind::Unusable);
  UnwindRow row;
  EXPECT_FALSE(find_unwind_row(0x1000, row));
}

TEST_F(FrameRulesTest, ReadsNothingOutsideTheRange) {
  Walks walks;
  const Address frame = reinterpret_cast<Address>(__builtin_frame_address(0));
  const StackRange beyond{frame + 64, frame + 128, true};
  EXPECT_EQ(frames_of(*rules_, frame, beyond, walks.ours), 0u);
  EXPECT_EQ(frames_of(*rules_, frame + 1, stack_range_around(frame), walks.ours), 0u);
}

TEST_F(FrameRulesTest, WhatIsForgottenIsReadAgain) {
  const Address pc = reinterpret_cast<Address>(__builtin_return_address(0));
  const FrameRule known = rules_->of(pc);
  EXPECT_NE(known.kind, FrameRule::Kind::Unknown);
  EXPECT_EQ(rules_->of(pc).pc, pc);
  rules_->forget();
  EXPECT_EQ(rules_->of(pc).kind, known.kind);
}

}  // namespace
}  // namespace hakmem
