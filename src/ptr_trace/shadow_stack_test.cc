// A remembered stack is given back only where the unwinders would find the same one, and its id is
// the one that the depot has for it.
#include "ptr_trace/shadow_stack.h"

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/compiler.h"

namespace hakmem {
namespace {

constexpr std::uint32_t kFrames = 8;
constexpr Address kThread = 0x7000;

/// A stack of words that stands for a thread's: places in it can be remembered.
class ShadowStackTest : public testing::Test {
 protected:
  ShadowStackTest() {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = 0x1000 * (i + 1);
  }
  Address place(std::size_t i) const { return reinterpret_cast<Address>(&words_[i]); }
  PlacedFrame frame(std::size_t i) const { return {place(i), words_[i]}; }
  StackRange range() const { return {place(0), place(words_.size() - 1) + sizeof(Address), true}; }
  ShadowStack::Capture capture(std::uint32_t epoch = 1) const {
    return {place(0), words_[1], ShadowStack::terms_of(StackMethod::Auto, kFrames, epoch), kThread};
  }

  ShadowStack::Leaf* remember(const std::vector<PlacedFrame>& frames) {
    return shadow_->remember(capture(), frames.data(), static_cast<std::uint32_t>(frames.size()),
                             range());
  }
  ShadowStack::Leaf* find() { return shadow_->find(capture(), out_); }

  std::vector<Address> words_ = std::vector<Address>(16);
  std::unique_ptr<ShadowStack> shadow_{new ShadowStack()};
  std::unique_ptr<StackDepot> depot_{new StackDepot()};
  StackTrace out_;
};

TEST_F(ShadowStackTest, WhatIsWhereItWasIsFoundWithItsId) {
  EXPECT_EQ(find(), nullptr);
  ShadowStack::Leaf* const leaf = remember({frame(1), frame(4), frame(9)});
  ASSERT_NE(leaf, nullptr);
  const StackId id = shadow_->intern(*leaf, *depot_);
  EXPECT_NE(id, StackId::None);
  ASSERT_EQ(find(), leaf);
  EXPECT_EQ(shadow_->intern(*leaf, *depot_), id);
  ASSERT_EQ(out_.count, 3u);
  EXPECT_EQ(out_.pcs[0], words_[1]);
  EXPECT_EQ(out_.pcs[2], words_[9]);
  EXPECT_EQ(depot_->intern(out_), id) << "the id of the same frames, whoever met them";
}

TEST_F(ShadowStackTest, EveryChangedReturnAddressIsSeen) {
  ASSERT_NE(remember({frame(1), frame(4), frame(9)}), nullptr);
  for (const std::size_t i : {1u, 4u, 9u}) {
    const ShadowStack::Capture as_before = capture();
    words_[i] ^= 1;
    EXPECT_EQ(shadow_->find(as_before, out_), nullptr) << i;
    words_[i] ^= 1;
  }
  words_[5] ^= 1;
  EXPECT_NE(find(), nullptr) << "no return address lies there";
}

TEST_F(ShadowStackTest, AnotherCallAndAnotherEpochFindNothing) {
  ASSERT_NE(remember({frame(1)}), nullptr);
  ShadowStack::Capture other = capture();
  other.caller ^= 8;
  EXPECT_EQ(shadow_->find(other, out_), nullptr);
  EXPECT_EQ(shadow_->find(capture(2), out_), nullptr) << "code was unloaded meanwhile";
  other = capture();
  other.terms = ShadowStack::terms_of(StackMethod::Auto, kFrames + 1, 1);
  EXPECT_EQ(shadow_->find(other, out_), nullptr);
}

TEST_F(ShadowStackTest, AnotherThreadsPlacesAreNotRead) {
  ASSERT_NE(remember({frame(1), frame(9)}), nullptr);
  ShadowStack::Capture other = capture();
  ++other.thread;
  EXPECT_EQ(shadow_->find(other, out_), nullptr);
  EXPECT_EQ(shadow_->walk(other, {}, {}, out_), nullptr);
  const PlacedFrame frames[] = {frame(1)};
  ASSERT_NE(shadow_->remember(other, frames, 1, range()), nullptr);
  EXPECT_EQ(find(), nullptr) << "the stack is the other thread's now";
}

TEST_F(ShadowStackTest, PlacesOutsideTheStackAreNotRemembered) {
  StackRange borrowed = range();
  borrowed.kept = false;
  const PlacedFrame frames[] = {frame(1)};
  EXPECT_EQ(shadow_->remember(capture(), frames, 1, borrowed), nullptr);
  EXPECT_EQ(remember({{place(0) - 8, 1}}), nullptr);
}

TEST_F(ShadowStackTest, OnlyRisingPlacesThatHoldTheirAddressAreRemembered) {
  EXPECT_EQ(remember({}), nullptr);
  EXPECT_EQ(remember({frame(4), frame(1)}), nullptr);
  EXPECT_EQ(remember({frame(4), frame(4)}), nullptr);
  EXPECT_EQ(remember({{place(4), words_[4] + 1}}), nullptr);
  EXPECT_EQ(remember(std::vector<PlacedFrame>(kFrames + 1, frame(1))), nullptr);
}

TEST_F(ShadowStackTest, AFrameThatChangedMeanwhileIsAnotherFrame) {
  ASSERT_NE(remember({frame(1), frame(4), frame(9)}), nullptr);
  ShadowStack::Capture outer = capture();
  outer.frame = place(2);
  outer.caller = words_[3];
  const PlacedFrame without_the_fourth[] = {frame(3), frame(9)};
  ASSERT_NE(shadow_->remember(outer, without_the_fourth, 2, range()), nullptr);
  EXPECT_EQ(find(), nullptr) << "its frames were forgotten, though all is where it was";
}

TEST_F(ShadowStackTest, CapturesThatAlwaysMissWalkSlowlyAFewTimesOnly) {
  unsigned walks = 0;
  constexpr unsigned kCaptures = 10000;
  for (unsigned i = 0; i < kCaptures; ++i) {
    EXPECT_EQ(find(), nullptr);
    walks += shadow_->wants_places() ? 1u : 0u;
  }
  EXPECT_GE(walks, kCaptures / 20);
  EXPECT_LE(walks, kCaptures / 10);
}

HAK_INLINE Address own_return_address() {
  return reinterpret_cast<Address>(__builtin_return_address(0));
}

/// What a thread and its process keep.
struct Memory {
  ShadowStack shadow;
  StackDepot depot;
};
struct Captured {
  StackTrace shadowed, plain;
  StackId id = StackId::None;
};

HAK_NOINLINE void api_function(Memory& memory, Captured& captured) {
  const Address caller = own_return_address();
  captured.id = capture_stack(StackMethod::Auto, kFrames, caller, captured.shadowed,
                              memory.shadow, memory.depot);
  capture_stack(StackMethod::Safe, kFrames, caller, captured.plain);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void inner(Memory& memory, Captured& captured) {
  api_function(memory, captured);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void one_way(Memory& memory, Captured& captured) {
  inner(memory, captured);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void another_way(Memory& memory, Captured& captured) {
  inner(memory, captured);
  asm volatile("nop" ::: "memory");
}
/// The caller's stack pointer lies `bytes` deeper.
HAK_NOINLINE void deeper(std::size_t bytes, Memory& memory, Captured& captured) {
  volatile char* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  inner(memory, captured);
  asm volatile("" ::: "memory");
}

/// Recurses two ways, so that stacks differ in any of their frames.
HAK_NOINLINE void recurse(unsigned way, unsigned levels, Memory& memory, Captured& captured) {
  if (levels == 0) {
    inner(memory, captured);
  } else if (way % 2 == 0) {
    recurse(std::rotr(way, 1), levels - 1, memory, captured);
    asm volatile("" ::: "memory");
  } else {
    recurse(std::rotr(way, 1), levels - 1, memory, captured);
    asm volatile("nop" ::: "memory");
  }
  asm volatile("" ::: "memory");
}

void expect_equal(const StackTrace& a, const StackTrace& b) {
  ASSERT_EQ(a.count, b.count);
  for (std::uint32_t i = 0; i < a.count; ++i) EXPECT_EQ(a.pcs[i], b.pcs[i]) << i;
}

/// A capture with a shadow stack is the unwinder's, and its id leads back to it.
class CaptureWithShadow : public testing::Test {
 protected:
  static void SetUpTestSuite() { warm_up_backtrace(); }
  void expect_true(const Captured& captured) {
    expect_equal(captured.shadowed, captured.plain);
    if (captured.id == StackId::None) return;
    ++known_;
    StackTrace kept;
    memory_->depot.lookup(captured.id, kept);
    expect_equal(kept, captured.plain);
    EXPECT_EQ(memory_->depot.intern(captured.plain), captured.id) << "one id for equal stacks";
  }
  std::unique_ptr<Memory> memory_{new Memory()};
  unsigned known_ = 0;
};

TEST_F(CaptureWithShadow, EveryWayGivesItsOwnStackHoweverOften) {
  for (unsigned round = 0; round < 200; ++round) {
    Captured captured;
    switch (round * 7 % 5) {
      case 0: one_way(*memory_, captured); break;
      case 1: another_way(*memory_, captured); break;
      default: deeper(16 * (1 + round % 9), *memory_, captured);
    }
    expect_true(captured);
  }
  EXPECT_EQ(known_, 200u);
}

TEST_F(CaptureWithShadow, RecursionsOfEveryDepthAndWayAreToldApart) {
  std::set<StackId> ids;
  unsigned seed = 1;
  for (unsigned round = 0; round < 3000; ++round) {
    seed = seed * 1103515245 + 12345;
    Captured captured;
    recurse(seed ^ seed >> 16, (seed >> 8) % 200, *memory_, captured);  // deeper than it remembers
    expect_true(captured);
    ids.insert(captured.id);
    if (HasFailure()) break;
  }
  EXPECT_EQ(known_, 3000u);
  EXPECT_GT(ids.size(), 64u) << "the ways of the six inner frames, and shorter stacks";
}

TEST_F(CaptureWithShadow, StacksThatGrowAndShrinkByAFrameAreTheUnwinders) {
  for (unsigned round = 0; round < 4; ++round) {
    for (unsigned levels = 0; levels < 150; ++levels) {
      Captured captured;
      recurse(0, round % 2 == 0 ? levels : 150 - levels, *memory_, captured);
      expect_true(captured);
    }
  }
  EXPECT_EQ(known_, 600u);
}

TEST_F(CaptureWithShadow, AnotherThreadsStackIsNotRead) {
  Captured here;
  one_way(*memory_, here);
  std::jthread([&] {
    for (unsigned round = 0; round < 5; ++round) {
      Captured there;
      one_way(*memory_, there);
      expect_true(there);
    }
  });
}

}  // namespace
}  // namespace hakmem
