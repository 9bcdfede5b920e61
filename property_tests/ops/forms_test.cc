// The forms of operation lists: each is lossless, refuses what it does not understand with a
// sentence that says where and what to do, and takes any bytes at all without harm.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <random>

#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/generate.h"
#include "property_tests/ops/gtest_form.h"
#include "property_tests/ops/interleave.h"
#include "property_tests/ops/kinds.h"
#include "property_tests/ops/text_form.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::ops {
namespace {

/// Any operation that the forms can hold; numbers of every length.
Operation any_operation(std::mt19937_64& random) {
  const VerbRow& row = kVerbTable[random() % kVerbCount];
  const auto number = [&] { return random() >> (random() % 64); };
  Operation operation;
  operation.verb = row.verb;
  operation.thread = static_cast<std::uint16_t>(number() % kThreadMax);
  if (row.has_block) operation.block = static_cast<std::uint32_t>(number() % kBlockMax);
  if (row.first[0] != '\0') operation.first = number();
  if (row.verb == Verb::kThreadStart) operation.first %= kThreadMax;
  if (row.second[0] != '\0') operation.second = number();
  return operation;
}

OperationList any_list(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  OperationList list;
  list.seed = random() >> (random() % 64);
  list.expect = random() % 2 == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(101);
  for (std::size_t i = random() % 100; i != 0; --i) {
    list.operations.push_back(any_operation(random));
  }
  return list;
}

std::string text_error(const std::string& text) {
  OperationList list;
  return from_text(text, list).sentence;
}

TEST(OperationForms, EveryVerbHasOneRowAndOneWord) {
  for (const VerbRow& row : kVerbTable) {
    EXPECT_EQ(find_row(static_cast<std::uint8_t>(row.verb)), &row);
    for (const VerbRow& other : kVerbTable) {
      EXPECT_TRUE(&row == &other || std::string(row.word) != other.word) << row.word;
    }
  }
  EXPECT_EQ(find_row(0), nullptr);
  EXPECT_EQ(find_row(255), nullptr);
}

TEST(OperationForms, BothFormsAreLossless) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const OperationList list = any_list(seed);
    OperationList back;
    EXPECT_EQ(from_binary(to_binary(list), back).sentence, "") << "seed " << seed;
    EXPECT_EQ(back, list) << "seed " << seed;
    EXPECT_EQ(from_text(to_text(list), back).sentence, "") << "seed " << seed;
    EXPECT_EQ(back, list) << "seed " << seed;
  }
}

TEST(OperationForms, AFileIsReadBackInWhicheverFormItHas) {
  const tools::ScratchFolder folder;
  const OperationList list = any_list(7);
  for (const char* name : {"list.hkops", "list.bin"}) {
    OperationList back;
    EXPECT_EQ(write_file(folder.path() / name, list).sentence, "");
    EXPECT_EQ(read_file(folder.path() / name, back).sentence, "");
    EXPECT_EQ(back, list) << name;
  }
  OperationList none;
  EXPECT_NE(read_file(folder.path() / "absent", none).sentence.find("absent"), std::string::npos);
  EXPECT_NE(write_file(folder.path() / "no" / "folder", list).sentence, "");
}

TEST(OperationForms, TextIsWhatAPersonWouldWrite) {
  OperationList list;
  const std::string text =
      "hkops 1  # version\r\n\n  seed 42\nexpect HK101\nmalloc b1 bytes=48\n"
      "# all of it\n\tt2 calloc b3 count=4 bytes=8\nthread_start thread=2\nt2 double_free b1 # !\n";
  EXPECT_EQ(from_text(text, list).sentence, "");
  EXPECT_EQ(to_text(list),
            "hkops 1\nseed 42\nexpect HK101\nmalloc b1 bytes=48\nt2 calloc b3 count=4 bytes=8\n"
            "thread_start thread=2\nt2 double_free b1\n");
}

TEST(OperationForms, AnErrorNamesTheLineAndTheRemedy) {
  const std::string begin = "hkops 1\n";
  EXPECT_EQ(text_error(""), "line 1: it is empty; begin with `hkops 1`");
  EXPECT_EQ(text_error("\nhkops 2\n"), "line 2: the first line must be `hkops 1`; write it");
  EXPECT_EQ(text_error(begin + "mallok b1 bytes=3"),
            "line 2: no operation is called 'mallok'; the nearest is 'malloc'");
  EXPECT_EQ(text_error(begin + "\nmalloc 1 bytes=3"),
            "line 3: '1' is no block from b0 to b16777215; write `malloc bN bytes=N`");
  EXPECT_EQ(text_error(begin + "calloc b1 count=3"),
            "line 2: the end where bytes=N is expected; write `calloc bN count=N bytes=N`");
  EXPECT_EQ(text_error(begin + "malloc b1 bytes=-3"),
            "line 2: 'bytes=-3' is no number from 0 to 18446744073709551615; write bytes=N with "
            "one");
  EXPECT_EQ(text_error(begin + "free b1 b2"), "line 2: 'b2' is too much; write `free bN`");
  EXPECT_EQ(text_error(begin + "t4096 free b1"),
            "line 2: 't4096' is no thread from t0 to t4095; write one");
  EXPECT_EQ(text_error(begin + "purge\nseed 3"),
            "line 3: 'seed' stands behind an operation; move it up");
  EXPECT_EQ(text_error(begin + "expect HK99"),
            "line 2: 'HK99' is no id; write `expect HK101`, or delete the line");
  EXPECT_EQ(text_error(begin + std::string(300, 'x') + "\x1b[2J").find('\x1b'), std::string::npos);
}

TEST(OperationForms, BinaryErrorsNameTheByte) {
  OperationList list;
  const std::vector<std::uint8_t> good = to_binary(any_list(3));
  std::vector<std::uint8_t> bytes = good;
  bytes[0] = 'h';
  EXPECT_NE(from_binary(bytes, list).sentence.find("byte 0"), std::string::npos);
  bytes = good;
  bytes[4] = 9;
  EXPECT_NE(from_binary(bytes, list).sentence.find("version 9"), std::string::npos);
  bytes = to_binary({1, 0, {}});
  bytes.push_back(255);
  EXPECT_NE(from_binary(bytes, list).sentence.find("no operation has the code 255"),
            std::string::npos);
  // A number with a needless last byte has a shorter form: two files would mean the same list.
  bytes = to_binary({1, 0, {}});
  bytes[5] = 0x81;
  bytes.insert(bytes.begin() + 6, 0);
  EXPECT_FALSE(from_binary(bytes, list).ok());
}

TEST(OperationForms, WhatIsAcceptedIsReadTheSameAgainAndNothingCrashes) {
  std::mt19937_64 random(11);
  unsigned accepted = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> bytes = to_binary(any_list(round));
    for (unsigned i = static_cast<unsigned>(random() % 4); i != 0 && !bytes.empty(); --i) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 2 == 0) bytes.resize(random() % (bytes.size() + 1));
    OperationList list, again;
    if (!from_binary(bytes, list).ok()) continue;
    ++accepted;
    ASSERT_EQ(to_binary(list), bytes);
    ASSERT_TRUE(from_text(to_text(list), again).ok());
    ASSERT_EQ(again, list);
  }
  EXPECT_GT(accepted, 300u);
  EXPECT_LT(accepted, 2900u);
}

TEST(OperationForms, BytesAreWhatTheProgramMayUse) {
  EXPECT_EQ(bytes_of({Verb::kMalloc, 0, 0, 17, 0}), 17u);
  EXPECT_EQ(bytes_of({Verb::kCalloc, 0, 0, 3, 5}), 15u);
  EXPECT_EQ(bytes_of({Verb::kCalloc, 0, 0, UINT64_MAX, 2}), UINT64_MAX);
  EXPECT_EQ(bytes_of({Verb::kMemalign, 0, 0, 64, 5}), 5u);
  EXPECT_EQ(bytes_of({Verb::kPvalloc, 0, 0, 0, 0}), 4096u);
  EXPECT_EQ(bytes_of({Verb::kPvalloc, 0, 0, 4097, 0}), 8192u);
  EXPECT_EQ(bytes_of({Verb::kPvalloc, 0, 0, UINT64_MAX - 1, 0}), UINT64_MAX);
  EXPECT_EQ(bytes_of({Verb::kFree, 0, 0, 0, 0}), 0u);
}

TEST(OperationForms, ReleasesFitTheirKindsAndMisusesDoNot) {
  for (const VerbRow& row : kVerbTable) {
    if (row.group != VerbGroup::Allocate) continue;
    const BlockKind kind = kind_of(row.verb);
    EXPECT_TRUE(fits(plain_release_of(kind), kind)) << row.word;
    EXPECT_FALSE(fits(mismatched_release_of(kind), kind)) << row.word;
    EXPECT_TRUE(fits(sized_release_of(kind), kind)) << row.word;
    EXPECT_EQ(fitting_release(Verb::kRelease, kind), plain_release_of(kind)) << row.word;
  }
}

TEST(OperationForms, TheTestThatIsPrintedMakesTheCalls) {
  OperationList list;
  ASSERT_TRUE(from_text("hkops 1\nnew b0 bytes=8\nrealloc b1 bytes=9\nfree b0\nt1 free b1\n"
                        "free b1\noverflow b0 bytes=1\n",
                        list).ok());
  const std::string text = to_gtest(list, "Case");
  EXPECT_NE(text.find("TEST(Heap, Case)"), std::string::npos);
  EXPECT_NE(text.find("b[0] = operator new(8u, std::nothrow);"), std::string::npos);
  EXPECT_NE(text.find("operator delete(b[0]);"), std::string::npos) << "the form that fits";
  EXPECT_NE(text.find("thread[1].run([&] {  // t1 free b1\n"), std::string::npos);
  EXPECT_EQ(text.find("// free b1\n"), std::string::npos) << "a free of nothing is left out";
}

/// Those operations of a list that `chosen` is true for, in its order.
template <class Chosen>
std::vector<Operation> some_of(const OperationList& list, Chosen chosen) {
  std::vector<Operation> some;
  std::copy_if(list.operations.begin(), list.operations.end(), std::back_inserter(some), chosen);
  return some;
}

TEST(Interleave, KeepsTheOrderOfEachThreadAndEachSlot) {
  const Shape shape{.operations = 300, .threads = 3, .blocks = 12, .fork = true, .misuse = true};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const OperationList list = generate(seed, shape);
    const OperationList other = interleave(list, seed);
    ASSERT_EQ(other.operations.size(), list.operations.size());
    EXPECT_EQ(interleave(list, seed), other) << "one seed, one order";
    for (std::uint32_t thread = 0; thread < shape.threads; ++thread) {
      const auto of_thread = [&](const Operation& o) { return o.thread == thread; };
      EXPECT_EQ(some_of(other, of_thread), some_of(list, of_thread)) << seed;
    }
    for (std::uint32_t slot = 0; slot < shape.blocks; ++slot) {
      const auto on_slot = [&](const Operation& o) {
        return row_of(o.verb).has_block && o.block == slot;
      };
      EXPECT_EQ(some_of(other, on_slot), some_of(list, on_slot)) << seed;
    }
  }
}

TEST(Interleave, SeedsGiveDifferentOrdersAndSeedNoneTheListsOwn) {
  const OperationList list = generate(5, {.operations = 100, .threads = 3, .blocks = 64});
  EXPECT_EQ(interleave(list, 0), list);
  std::size_t different = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    different += interleave(list, seed) == interleave(list, seed + 1) ? 0u : 1u;
  }
  EXPECT_GE(different, 18u);
}

}  // namespace
}  // namespace hakmem::ops
