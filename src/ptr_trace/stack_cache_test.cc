// A remembered stack is given back only where the unwinders would find the same one.
#include "ptr_trace/stack_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/compiler.h"

namespace hakmem {
namespace {

constexpr std::uint32_t kFrames = 8;

/// A stack of words that stands for a thread's: places in it can be remembered.
class StackCacheTest : public testing::Test {
 protected:
  StackCacheTest() {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = 0x1000 * (i + 1);
  }
  Address place(std::size_t i) const { return reinterpret_cast<Address>(&words_[i]); }
  PlacedFrame frame(std::size_t i) const { return {place(i), words_[i]}; }
  StackRange range() const { return {place(0), place(words_.size() - 1) + sizeof(Address), true}; }
  StackCache::Key key(std::uint32_t epoch = 1) const {
    return {place(0), words_[0], kFrames, epoch};
  }

  StackCache::Entry* remember(std::vector<PlacedFrame> frames) {
    return cache_->remember(key(), frames.data(), static_cast<std::uint32_t>(frames.size()),
                            range());
  }

  std::vector<Address> words_ = std::vector<Address>(16);
  std::unique_ptr<StackCache> cache_{new StackCache()};
  StackTrace out_;
};

TEST_F(StackCacheTest, WhatIsWhereItWasIsFoundWithItsNote) {
  EXPECT_EQ(cache_->find(key(), range(), out_), nullptr);
  StackCache::Entry* const entry = remember({frame(1), frame(4), frame(9)});
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->note, 0u);
  entry->note = 77;
  ASSERT_EQ(cache_->find(key(), range(), out_), entry);
  EXPECT_EQ(entry->note, 77u);
  ASSERT_EQ(out_.count, 3u);
  EXPECT_EQ(out_.pcs[0], words_[1]);
  EXPECT_EQ(out_.pcs[2], words_[9]);
}

TEST_F(StackCacheTest, EveryChangedReturnAddressIsSeen) {
  ASSERT_NE(remember({frame(1), frame(4), frame(9)}), nullptr);
  for (const std::size_t i : {1u, 4u, 9u}) {
    words_[i] ^= 1;
    EXPECT_EQ(cache_->find(key(), range(), out_), nullptr) << i;
    words_[i] ^= 1;
  }
  words_[5] ^= 1;
  EXPECT_NE(cache_->find(key(), range(), out_), nullptr) << "no return address lies there";
}

TEST_F(StackCacheTest, AnotherKeyAndAnotherEpochFindNothing) {
  ASSERT_NE(remember({frame(1)}), nullptr);
  StackCache::Key other = key();
  other.caller ^= 8;
  EXPECT_EQ(cache_->find(other, range(), out_), nullptr);
  other = key();
  ++other.frames_max;
  EXPECT_EQ(cache_->find(other, range(), out_), nullptr);
  EXPECT_EQ(cache_->find(key(2), range(), out_), nullptr) << "code was unloaded meanwhile";
}

TEST_F(StackCacheTest, PlacesOutsideTheStackAreNotReadAndNotRemembered) {
  ASSERT_NE(remember({frame(1), frame(9)}), nullptr);
  StackRange shorter = range();
  shorter.high = place(9);
  EXPECT_EQ(cache_->find(key(), shorter, out_), nullptr);
  shorter = range();
  shorter.low = place(2);
  EXPECT_EQ(cache_->find(key(), shorter, out_), nullptr);
  StackRange borrowed = range();
  borrowed.kept = false;
  EXPECT_EQ(cache_->find(key(), borrowed, out_), nullptr);
  const PlacedFrame frames[] = {frame(1)};
  EXPECT_EQ(cache_->remember(key(), frames, 1, borrowed), nullptr);
  EXPECT_EQ(remember({{place(0) - 8, 1}}), nullptr);
}

TEST_F(StackCacheTest, OnlyRisingPlacesThatHoldTheirAddressAreRemembered) {
  EXPECT_EQ(remember({}), nullptr);
  EXPECT_EQ(remember({frame(4), frame(1)}), nullptr);
  EXPECT_EQ(remember({frame(4), frame(4)}), nullptr);
  EXPECT_EQ(remember({{place(4), words_[4] + 1}}), nullptr);
  EXPECT_EQ(remember(std::vector<PlacedFrame>(kStackFramesMax + 1, frame(1))), nullptr);
}

TEST_F(StackCacheTest, SeveralStacksOfOneKeyLiveSideBySide) {
  ASSERT_NE(remember({frame(1), frame(2)}), nullptr);
  const Address old = words_[2];
  words_[2] = 0xabcd;
  EXPECT_EQ(cache_->find(key(), range(), out_), nullptr);
  ASSERT_NE(remember({frame(1), frame(2)}), nullptr);
  for (const Address pc : {old, Address{0xabcd}, old}) {
    words_[2] = pc;
    ASSERT_NE(cache_->find(key(), range(), out_), nullptr);
    EXPECT_EQ(out_.pcs[1], pc);
  }
}

TEST_F(StackCacheTest, CapturesThatAlwaysMissWalkSlowlyAFewTimesOnly) {
  unsigned walks = 0;
  constexpr unsigned kCaptures = 10000;
  for (unsigned i = 0; i < kCaptures; ++i) {
    EXPECT_EQ(cache_->find(key(), range(), out_), nullptr);
    walks += cache_->wants_another() ? 1u : 0u;
  }
  EXPECT_GE(walks, kCaptures / 20);
  EXPECT_LE(walks, kCaptures / 10);
}

HAK_INLINE Address own_return_address() {
  return reinterpret_cast<Address>(__builtin_return_address(0));
}

struct Captured {
  StackTrace cached, plain;
  std::uint32_t* note = nullptr;
};

HAK_NOINLINE void api_function(StackCache& cache, Captured& captured) {
  const Address caller = own_return_address();
  captured.note = capture_stack(StackMethod::Auto, kFrames, caller, captured.cached, cache);
  capture_stack(StackMethod::Safe, kFrames, caller, captured.plain);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void inner(StackCache& cache, Captured& captured) {
  api_function(cache, captured);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void one_way(StackCache& cache, Captured& captured) {
  inner(cache, captured);
  asm volatile("" ::: "memory");
}
HAK_NOINLINE void another_way(StackCache& cache, Captured& captured) {
  inner(cache, captured);
  asm volatile("nop" ::: "memory");
}
/// The caller's stack pointer lies `bytes` deeper.
HAK_NOINLINE void deeper(std::size_t bytes, StackCache& cache, Captured& captured) {
  volatile char* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  inner(cache, captured);
  asm volatile("" ::: "memory");
}

void expect_equal(const StackTrace& a, const StackTrace& b) {
  ASSERT_EQ(a.count, b.count);
  for (std::uint32_t i = 0; i < a.count; ++i) EXPECT_EQ(a.pcs[i], b.pcs[i]) << i;
}

class CaptureWithCache : public testing::Test {
 protected:
  static void SetUpTestSuite() { warm_up_backtrace(); }
  std::unique_ptr<StackCache> cache_{new StackCache()};
};

TEST_F(CaptureWithCache, EveryWayGivesItsOwnStackHoweverOften) {
  unsigned remembered = 0;
  for (unsigned round = 0; round < 200; ++round) {
    Captured captured;
    switch (round * 7 % 5) {
      case 0: one_way(*cache_, captured); break;
      case 1: another_way(*cache_, captured); break;
      default: deeper(16 * (1 + round % 9), *cache_, captured);
    }
    expect_equal(captured.cached, captured.plain);
    remembered += captured.note != nullptr ? 1u : 0u;
  }
  EXPECT_GT(remembered, 100u);
}

TEST_F(CaptureWithCache, TheNoteComesBackWithTheStack) {
  std::uint32_t made = 0;
  for (unsigned round = 0; round < 20; ++round) {
    Captured captured;
    one_way(*cache_, captured);
    if (captured.note == nullptr) continue;
    EXPECT_EQ(*captured.note, made == 0 ? 0u : 4711u);
    *captured.note = 4711;
    made = 1;
  }
  EXPECT_EQ(made, 1u);
}

TEST_F(CaptureWithCache, AnotherThreadsStackIsNotRead) {
  Captured here;
  one_way(*cache_, here);
  std::jthread([&] {
    for (unsigned round = 0; round < 5; ++round) {
      Captured there;
      one_way(*cache_, there);
      expect_equal(there.cached, there.plain);
    }
  });
}

}  // namespace
}  // namespace hakmem
