// Equal stacks share an id, others do not, by one thread or four, and a full depot says so.
#include "ptr_trace/stack_depot.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace hakmem {
namespace {

constexpr std::uint32_t kStacks = 2000;
constexpr unsigned kThreads = 4;

StackTrace stack_number(std::uint32_t n, std::uint32_t frames) {
  StackTrace stack;
  stack.count = frames;
  for (std::uint32_t i = 0; i < frames; ++i) stack.pcs[i] = 0x400000 + n * 64 + i;
  return stack;
}

StackTrace numbered(std::uint32_t n) { return stack_number(n, 1 + n % kStackFramesMax); }

TEST(StackDepot, EqualStacksGetOneId) {
  const auto depot = std::make_unique<StackDepot>();
  const StackId first = depot->intern(numbered(7));
  EXPECT_NE(first, StackId::None);
  const std::uint32_t kept = depot->count();
  EXPECT_EQ(depot->intern(numbered(7)), first);
  EXPECT_EQ(depot->count(), kept);
}

TEST(StackDepot, APrefixIsAnotherStack) {
  const auto depot = std::make_unique<StackDepot>();
  const StackId longer = depot->intern(stack_number(1, 8));
  const StackId shorter = depot->intern(stack_number(1, 7));
  EXPECT_NE(longer, shorter);
}

TEST(StackDepot, TheStackAroundAFrameIsKeptOnce) {
  const auto depot = std::make_unique<StackDepot>();
  StackTrace stack = stack_number(1, 8);
  depot->intern(stack);
  EXPECT_EQ(depot->count(), 8u);
  stack.pcs[0] = 0x777;
  depot->intern(stack);
  EXPECT_EQ(depot->count(), 9u) << "the inner frame";
  stack.pcs[7] = 0x778;
  depot->intern(stack);
  EXPECT_EQ(depot->count(), 17u) << "all that are around something else now";
}

TEST(StackDepot, LookupReturnsWhatWasInterned) {
  const auto depot = std::make_unique<StackDepot>();
  std::vector<StackId> ids;
  for (std::uint32_t n = 0; n < kStacks; ++n) ids.push_back(depot->intern(numbered(n)));
  for (std::uint32_t n = 0; n < kStacks; ++n) {
    StackTrace found;
    depot->lookup(ids[n], found);
    const StackTrace expected = numbered(n);
    ASSERT_EQ(found.count, expected.count) << n;
    for (std::uint32_t i = 0; i < found.count; ++i) ASSERT_EQ(found.pcs[i], expected.pcs[i]);
  }
}

TEST(StackDepot, NoneAndTheEmptyStackAreUnknown) {
  const auto depot = std::make_unique<StackDepot>();
  StackTrace found = numbered(3);
  depot->lookup(StackId::None, found);
  EXPECT_EQ(found.count, 0u);
  EXPECT_EQ(depot->intern(StackTrace{}), StackId::None);
  EXPECT_EQ(depot->count(), 0u);
}

TEST(StackDepot, ThreadsThatInternOverlappingStacksAgreeOnTheIds) {
  const auto depot = std::make_unique<StackDepot>();
  std::vector<std::vector<StackId>> ids(kThreads, std::vector<StackId>(kStacks));
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&depot, &mine = ids[t], t] {
      for (std::uint32_t i = 0; i < kStacks; ++i) {
        const std::uint32_t n = t % 2 == 0 ? i : kStacks - 1 - i;  // both ends at once
        mine[n] = depot->intern(numbered(n));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint32_t n = 0; n < kStacks; ++n) {
    ASSERT_NE(ids[0][n], StackId::None);
    for (unsigned t = 1; t < kThreads; ++t) ASSERT_EQ(ids[t][n], ids[0][n]) << n;
    StackTrace found;
    depot->lookup(ids[0][n], found);
    ASSERT_EQ(found.pcs[0], numbered(n).pcs[0]);
  }
  const std::uint32_t kept = depot->count();
  for (std::uint32_t n = 0; n < kStacks; ++n) depot->intern(numbered(n));
  EXPECT_EQ(depot->count(), kept);
}

TEST(StackDepot, AFullDepotRefusesNewStacksAndKeepsTheOldOnes) {
  const auto depot = std::make_unique<StackDepot>();
  const StackId first = depot->intern(stack_number(0, kStackFramesMax));
  constexpr std::uint32_t kMoreThanFit = kStackDepotNodesMax / kStackFramesMax + 1;
  StackId last = first;
  std::uint32_t n = 1;
  for (; n <= kMoreThanFit && last != StackId::None; ++n) {
    last = depot->intern(stack_number(n, kStackFramesMax));
  }
  EXPECT_EQ(last, StackId::None);
  EXPECT_EQ(depot->intern(stack_number(0, kStackFramesMax)), first);
}

TEST(StackDepot, AnIdThatIsNoneOfItsOwnNamesNothing) {
  const auto depot = std::make_unique<StackDepot>();
  StackTrace found;
  depot->lookup(StackId{77}, found);
  EXPECT_EQ(found.count, 0u);
  depot->intern(numbered(7));
  for (const std::uint32_t id : {kStackDepotNodesPerChunk + 1, kStackDepotNodesMax + 1, ~0u}) {
    depot->lookup(StackId{id}, found);
    EXPECT_EQ(found.count, 0u) << id;
  }
}

}  // namespace
}  // namespace hakmem
