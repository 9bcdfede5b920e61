// The workloads' PRNG, their arguments, and that a broken heap is noticed instead of timed.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <set>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

TEST(Prng, Splitmix64MatchesTheReferenceImplementation) {
  // First outputs of Vigna's splitmix64.c for the seed 0 and 1234567.
  EXPECT_EQ(splitmix64(0), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(splitmix64(1234567), 6457827717110365317u);
}

TEST(Prng, SameSeedSameSequenceOtherSeedAnother) {
  Prng a(42), b(42), c(43);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = a.next();
    EXPECT_EQ(value, b.next());
    differs |= value != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Prng, SequenceIsPinned) {
  // A change here changes every benchmark's input: figures before and after do not compare.
  Prng prng(42);
  std::uint64_t mix = 0;
  for (int i = 0; i < 1000; ++i) mix = splitmix64(mix ^ prng.next());
  EXPECT_EQ(mix, 0xA746F241F652D020u);
}

TEST(Prng, DrawsCoverTheWholeRangeAndNothingElse) {
  Prng prng(7);
  std::set<std::size_t> slots, sizes;
  for (int i = 0; i < 10000; ++i) {
    const auto [slot, bytes] = draw_slot_and_size(prng, 5, 16, 20);
    slots.insert(slot);
    sizes.insert(bytes);
  }
  EXPECT_EQ(slots, (std::set<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(sizes, (std::set<std::size_t>{16, 17, 18, 19, 20}));
}

TEST(Arguments, DefaultsHoldUntilAWordReplacesThem) {
  const std::array parameters{Parameter{"size", "16", ""}, Parameter{"order", "fifo", ""}};
  const std::vector<std::string> words{"size=32"};
  const Arguments arguments(parameters, words);
  EXPECT_EQ(arguments.number("size", 8, 64), 32u);
  EXPECT_EQ(arguments.word("order"), "fifo");
}

TEST(Arguments, MistakesAreErrors) {
  const std::array parameters{Parameter{"size", "16", ""}};
  const auto make = [&](const std::string& word) {
    const std::vector<std::string> words{word};
    return Arguments(parameters, words).number("size", 8, 64);
  };
  EXPECT_THROW(make("sizes=16"), BadArgument);
  EXPECT_THROW(make("16"), BadArgument);
  EXPECT_THROW(make("size="), BadArgument);
  EXPECT_THROW(make("size=16k"), BadArgument);
  EXPECT_THROW(make("size=-1"), BadArgument);
  EXPECT_THROW(make("size=7"), BadArgument);
  EXPECT_THROW(make("size=65"), BadArgument);
}

TEST(BlockDeathTest, OverwrittenStampEndsTheRun) {
  Slot slot;
  fill_slot(slot, 64);
  std::memset(slot.block, 0, 8);
  EXPECT_EXIT(free_slot(slot), testing::ExitedWithCode(1), "broken heap: live block");
  std::free(slot.block);
}

TEST(BlockDeathTest, OneBlockInTwoSlotsEndsTheRun) {
  Slot first, second;
  fill_slot(first, 64);
  stamp(second, first.block);  // what a heap does that hands out a block twice
  EXPECT_EXIT(free_slot(first), testing::ExitedWithCode(1), "broken heap: live block");
  free_slot(second);
}

TEST(Modes, EveryModeDoesTheNumberOfOperationsItReports) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> runs{
      {"pair", {"ops=1000", "live=3"}},
      {"batch", {"ops=1000", "batch=300"}},
      {"mixed", {"iterations=1000", "live=16", "threads=2"}},
      {"mid", {"iterations=100", "touch=all"}},
      {"large", {"iterations=10"}},
      {"larson", {"threads=3", "blocks=20", "replacements=100", "lives=4"}},
      {"remote", {"ops=10000", "pairs=2", "max=512"}},
      {"bulk", {"blocks=100", "repeats=3", "order=random"}},
      {"realloc", {"buffers=5", "from=16", "to=40"}},
      {"calloc", {"iterations=100"}},
  };
  const std::vector<std::uint64_t> expected{1000, 1200, 2000, 100, 10, 1200, 20000, 300, 15, 100};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Mode* mode = find_mode(runs[i].first);
    ASSERT_NE(mode, nullptr) << runs[i].first;
    const Measurement measured = mode->run(Arguments(mode->parameters, runs[i].second));
    EXPECT_EQ(measured.ops, expected[i]) << runs[i].first;
    EXPECT_GT(measured.wall_ns, 0) << runs[i].first;
  }
  const Mode* sh8 = find_mode("sh8");
  ASSERT_NE(sh8, nullptr);
  const std::vector<std::string> words{"ops=5000", "threads=2"};
  EXPECT_GE(sh8->run(Arguments(sh8->parameters, words)).ops, 10000u);
}

}  // namespace
}  // namespace hakmem::bench
