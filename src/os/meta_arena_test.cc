#include "os/meta_arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "os/os_fake.h"

namespace hakmem {
namespace {

constexpr std::size_t kAlign = 128;

class MetaArenaTest : public testing::Test {
 protected:
  MetaArenaTest() { os::plan_faults_for_test({}); }
  ~MetaArenaTest() override { os::plan_faults_for_test({}); }

  /// Takes a piece; expects it zeroed, aligned and disjoint from all others, and dirties it.
  void take(std::size_t bytes) {
    std::byte* const piece = arena_.allocate(bytes);
    ASSERT_NE(piece, nullptr);
    const Address begin = reinterpret_cast<Address>(piece);
    EXPECT_EQ(begin % kAlign, 0u);
    for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(piece[i], std::byte{0}) << i;
    std::memset(piece, 0x5a, bytes);
    const auto behind = pieces_.lower_bound(begin);
    EXPECT_TRUE(behind == pieces_.end() || begin + bytes <= behind->first);
    EXPECT_TRUE(behind == pieces_.begin() || std::prev(behind)->second <= begin);
    pieces_[begin] = begin + bytes;
  }
  MetaArena arena_;
  std::map<Address, Address> pieces_;
};

TEST_F(MetaArenaTest, TakesNothingBeforeItsFirstUse) {
  os::plan_faults_for_test({});
  const MetaArena unused;
  EXPECT_EQ(unused.mapped_bytes(), 0u);
  EXPECT_EQ(os::calls_counted_for_test(), 0u);
}

TEST_F(MetaArenaTest, PiecesAreZeroedAlignedAndDisjoint) {
  for (std::size_t i = 0; i < 800; ++i) take(1 + i * 7 % 700);
}

TEST_F(MetaArenaTest, APieceMayBeLargerThanAChunk) {
  take(10);
  take(200 * kKiB);
  take(64 * kKiB);
  take(10);
}

TEST_F(MetaArenaTest, ItKnowsItsOwnMemory) {
  EXPECT_FALSE(arena_.holds(0));
  take(100);
  take(100 * kKiB);
  for (const auto& [begin, end] : pieces_) {
    EXPECT_TRUE(arena_.holds(begin));
    EXPECT_TRUE(arena_.holds(end - 1));
  }
  EXPECT_FALSE(arena_.holds(0));
  EXPECT_FALSE(arena_.holds(reinterpret_cast<Address>(this)));
  EXPECT_FALSE(arena_.holds(~Address{0}));
  EXPECT_GE(arena_.mapped_bytes(), 100 * kKiB + 100);
}

TEST_F(MetaArenaTest, ARefusalIsNullAndTheNextTryWorks) {
  os::plan_faults_for_test({.fail_nth = 1});
  EXPECT_EQ(arena_.allocate(64), nullptr);
  EXPECT_EQ(arena_.mapped_bytes(), 0u);
  take(64);
  os::plan_faults_for_test({.fail_from = 1});
  take(64);  // fits the chunk that is there
  EXPECT_EQ(arena_.allocate(100 * kKiB), nullptr);
  take(64);
}

TEST_F(MetaArenaTest, CreateConstructs) {
  struct Made {
    int number = 42;
    Made* self = this;
  };
  Made* const made = arena_.create<Made>();
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->number, 42);
  EXPECT_EQ(made->self, made);
  os::plan_faults_for_test({.fail_from = 1});
  struct Large {
    std::byte bytes[200 * kKiB];
  };
  EXPECT_EQ(arena_.create<Large>(), nullptr);
}

TEST_F(MetaArenaTest, ThreadsGetDisjointPieces) {
  constexpr std::size_t kThreads = 4, kEach = 500, kBytes = 200;
  std::vector<std::vector<std::byte*>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) {
          std::byte* const piece = arena_.allocate(kBytes);
          std::memset(piece, static_cast<int>(t + 1), kBytes);
          taken[t].push_back(piece);
        }
      });
    }
  }
  for (std::size_t t = 0; t < kThreads; ++t) {
    for (const std::byte* piece : taken[t]) {
      for (std::size_t i = 0; i < kBytes; ++i) ASSERT_EQ(piece[i], static_cast<std::byte>(t + 1));
    }
  }
}

}  // namespace
}  // namespace hakmem
