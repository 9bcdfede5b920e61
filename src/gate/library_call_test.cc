// Ranges of memory: what stays inside its block is silent, what does not is reported before it
// happens, with block, request, offset and length in the sentence.
#include "gate/library_call.h"

#include <gtest/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "gate/page_mode_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kSizes[] = {1, 13, 20, 1024, 1025, 5000, 70000, 4 * kMiB, 40 * kMiB};

class LibraryCalls : public DomainTest {
 protected:
  LibraryCall call() { return LibraryCall(*domain_, "memcpy", 0, true); }
  std::byte* block(std::size_t bytes) { return static_cast<std::byte*>(allocate(bytes)); }

  /// What a child reports that reads `bytes` at `from`.
  std::string report_of_read(const std::byte* from, std::size_t bytes) {
    return expect_finding(Violation::kLibraryCall, kIntegrityLevel,
                          [&] { call().reads(from, bytes); });
  }
  std::string report_of_write(std::byte* to, std::size_t bytes) {
    return expect_finding(Violation::kLibraryCall, kIntegrityLevel,
                          [&] { call().writes(to, bytes); });
  }
};

void expect_words(const std::string& report, const std::string& words) {
  EXPECT_NE(report.find(words), std::string::npos) << words << "\nis not in\n" << report;
}

TEST_F(LibraryCalls, EveryRangeInsideARequestMayBeTouched) {
  for (const std::size_t bytes : kSizes) {
    std::byte* const begin = block(bytes);
    for (const std::size_t offset : {std::size_t{0}, bytes / 2, bytes - 1}) {
      EXPECT_EQ(call().room(begin + offset), bytes - offset);
      call().reads(begin + offset, bytes - offset);
      call().writes(begin + offset, bytes - offset);
    }
    call().writes(begin + bytes, 0);  // one past the end, and nothing is touched
    release(begin);
  }
}

TEST_F(LibraryCalls, NothingIsKnownOfAddressesElsewhere) {
  std::byte local[16];
  static std::byte global[16];
  EXPECT_EQ(call().room(local), kUnboundedRoom);
  EXPECT_EQ(call().room(global), kUnboundedRoom);
  EXPECT_EQ(call().room(nullptr), kUnboundedRoom);
  EXPECT_EQ(call().room(reinterpret_cast<void*>(~Address{0})), kUnboundedRoom);
}

TEST_F(LibraryCalls, SwitchedOffNothingIsChecked) {
  std::byte* const begin = block(20);
  const LibraryCall off(*domain_, "memcpy", 0, false);
  EXPECT_EQ(off.room(begin), kUnboundedRoom);
  off.writes(begin, 21);
  release(begin);
}

TEST_F(LibraryCalls, OneByteTooManyIsReportedForEverySizeAndSide) {
  for (const std::size_t bytes : kSizes) {
    std::byte* const begin = block(bytes);
    const std::string of = " of a " + std::to_string(bytes) + "-byte block: 1 past its end.";
    expect_words(report_of_read(begin, bytes + 1),
                 "would read " + std::to_string(bytes + 1) + " bytes at +0" + of);
    expect_words(report_of_write(begin + bytes - 1, 2),
                 "would write 2 bytes at +" + std::to_string(bytes - 1) + of);
    release(begin);
  }
}

TEST_F(LibraryCalls, TheByteBehindAndTheByteBeforeAreReported) {
  std::byte* const begin = block(20);
  expect_words(report_of_write(begin + 20, 1), "write 1 byte at +20 of a 20-byte block");
  expect_words(report_of_read(begin - 1, 1), "at -1 of a 20-byte block: before its start");
  expect_words(report_of_read(begin - 16, 8), "at -16 of a 20-byte block: before its start");
  release(begin);
}

TEST_F(LibraryCalls, ANegativeLengthIsReported) {
  std::byte* const begin = block(20);
  report_of_write(begin, static_cast<std::size_t>(-1));
  release(begin);
}

/// While it rests: a block too large for the quarantine is forgotten when it is freed.
TEST_F(LibraryCalls, AFreedBlockMayNotBeTouched) {
  for (const std::size_t bytes : {1u, 13u, 1024u, 5000u, 70000u, 4000000u}) {
    std::byte* const begin = block(bytes);
    release(begin);
    expect_words(report_of_read(begin, 1), "read 1 byte at +0 of a freed");
    expect_words(report_of_read(begin, 1), "FREED");
    call().reads(begin, 0);
  }
}

TEST_F(LibraryCalls, AFreedBlockThatLeftQuarantineMayNotBeTouched) {
  limit_quarantine(*domain_, 0, 0);
  std::byte* const begin = block(48);
  void* const neighbour = allocate(48);  // keeps the slab
  release(begin);
  expect_words(report_of_write(begin, 48), "write 48 bytes at +0 of a freed 48-byte block");
  release(neighbour);
}

TEST_F(LibraryCalls, HeapMemoryThatWasNeverHandedOutMayNotBeTouched) {
  constexpr std::size_t kFarBlocks = 500;
  std::byte* const begin = block(13);
  expect_words(report_of_read(begin + kFarBlocks * 64, 4), "HK111");
  release(begin);
}

TEST_F(LibraryCalls, AResizedBlockHasItsNewBounds) {
  void* block = allocate(100);
  block = reallocate(block, 90);
  EXPECT_EQ(call().room(block), 90u);
  block = reallocate(block, 300000);
  EXPECT_EQ(call().room(block), 300000u);
  block = reallocate(block, 299999);
  EXPECT_EQ(call().room(block), 299999u);
  release(block);
}

TEST_F(LibraryCalls, AlignedBlocksAndZeroBytesHaveTheirBounds) {
  for (const std::size_t align : {64u, 4096u, 65536u}) {
    void* const block = allocate_aligned(align, 100);
    EXPECT_EQ(call().room(block), 100u);
    release(block);
  }
  std::byte* const nothing = block(0);
  call().reads(nothing, 0);
  expect_words(report_of_write(nothing, 1), "of a 0-byte block");
  release(nothing);
}

TEST_F(LibraryCalls, EveryBlockOfASlabIsToldFromItsNeighbours) {
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 3000; ++i) blocks.push_back(allocate(1 + i % 100));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_EQ(call().room(blocks[i]), 1 + i % 100);
    ASSERT_EQ(call().room(static_cast<std::byte*>(blocks[i]) - 1), 0u);
  }
  for (void* const one : blocks) release(one);
}

/// Another thread is resizing or freeing it: what will be is not known.
TEST_F(LibraryCalls, ABlockInTheHandsOfAThreadHasAnyRoom) {
  std::byte* const begin = block(20);
  BlockRecord& record = *find_checked_block(*domain_, wild(begin).address()).record;
  record.publish(BlockState::Busy);
  EXPECT_EQ(call().room(begin), kUnboundedRoom);
  call().writes(begin, 100);
  record.publish(BlockState::Live);
  release(begin);
}

TEST_F(LibraryCalls, HeapMemoryInWhichNoBlockEverWasHasNoRoom) {
  std::byte* const large = block(kMiB);
  std::byte* const small = block(20);
  Slab& slab = domain_->slabs.map.lookup(wild(small).address()).slab();
  const std::uint32_t stride = slab.stride_bytes, capacity = slab.capacity;
  const auto expect_none = [&](std::byte* nowhere) {
    EXPECT_EQ(call().room(nowhere), 0u);
    expect_words(report_of_read(nowhere, 4),
                 "memcpy() would read 4 bytes of heap memory that no allocation call returned.");
  };
  expect_none(large + kMiB + kGranuleBytes);  // the free run behind it
  // Another thread is making a slab at this moment, with no block in it yet.
  slab.stride_bytes = 0;
  expect_none(small);
  slab.stride_bytes = stride;
  slab.capacity = 0;
  expect_none(small);
  slab.capacity = capacity;
  release(small);
  release(large);
}

/// What lies between a slab's blocks and its ends belongs to the nearest block.
TEST_F(LibraryCalls, TheEndsOfASlabAreTheirNeighboursOutside) {
  std::byte* const first = block(20);
  const Slab& slab = *find_checked_block(*domain_, wild(first).address()).slab;
  std::byte* const before = slab.block_at(0).unsafe_bytes() - 1;
  const MapEntry entry = domain_->slabs.map.lookup(wild(before).address());
  if (entry.is_ours() && &entry.slab() == &slab) {
    EXPECT_EQ(call().room(before), 0u);
  }
  std::vector<void*> all;
  for (std::uint32_t i = 1; i < slab.capacity; ++i) all.push_back(allocate(20));
  EXPECT_EQ(call().room(slab.block_at(slab.capacity).unsafe_bytes()), 0u);
  for (void* const one : all) release(one);
  release(first);
}

TEST_F(LibraryCalls, ARefusalOfWhatIsElsewhereIsNone) {
  int local = 0;
  RefusedCall refused{};
  refused.function = "memcpy";
  refused.address = wild(&local).address();
  refuse_call(*domain_, refused, 0);
}

class LibraryCallsOnPages : public PageModeTest {
 protected:
  LibraryCall call() { return LibraryCall(*domain_, "memcpy", 0, true); }
};
INSTANTIATE_TEST_SUITE_P(Sides, LibraryCallsOnPages, both_sides(), side_name);

TEST_P(LibraryCallsOnPages, TheRequestIsTheRoomThoughMoreIsOpen) {
  enable(1000, 16);
  for (const std::size_t bytes : {1u, 13u, 4095u, 4097u, 70001u}) {
    std::byte* const begin = bytes_of(allocate(bytes));
    ASSERT_TRUE(is_page(begin));
    EXPECT_EQ(call().room(begin), bytes);
    EXPECT_EQ(call().room(begin + bytes - 1), 1u);
    EXPECT_EQ(call().room(begin + bytes), 0u);
    EXPECT_EQ(call().room(begin - 1), 0u);
    release(begin);
    EXPECT_EQ(call().room(begin), 0u) << "freed";
  }
}

TEST_P(LibraryCallsOnPages, PagesOfNoBlockAreLeftToTheFault) {
  enable();
  std::byte* const begin = bytes_of(allocate(20));
  EXPECT_EQ(call().room(begin + 100 * kMiB), kUnboundedRoom);
  release(begin);
}

TEST_P(LibraryCallsOnPages, ACallPastTheEndIsReportedBeforeItIsMade) {
  enable();
  std::byte* const begin = bytes_of(allocate(20));
  ASSERT_TRUE(is_page(begin));
  const std::string report = expect_finding(Violation::kLibraryCall, kIntegrityLevel,
                                            [&] { call().writes(begin, 21); });
  expect_words(report, "memcpy() would write 21 bytes at +0 of a 20-byte block: 1 past its end.");
  release(begin);
}

TEST_P(LibraryCallsOnPages, ACallOnAFreedBlockIsReported) {
  enable();
  std::byte* const begin = bytes_of(allocate(100));
  release(begin);
  const std::string report = expect_finding(Violation::kLibraryCall, kIntegrityLevel,
                                            [&] { call().reads(begin + 3, 4); });
  expect_words(report, "memcpy() would read 4 bytes at +3 of a freed 100-byte block.");
}

}  // namespace
}  // namespace hakmem
