#include "os/os.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "integrity/run_child_for_test.h"
#include "os/os_fake.h"
#include "os/resource_limit_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kMapped = 4 * kPageBytes;

bool is_mapped(const std::byte* page) {
  unsigned char resident;
  return mincore(const_cast<std::byte*>(page), kPageBytes, &resident) == 0;
}

bool reads_as_zero(const std::byte* begin, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (begin[i] != std::byte{0}) return false;
  }
  return true;
}

class Os : public testing::Test {
 protected:
  Os() { os::plan_faults_for_test({}); }
  void SetUp() override { errno = kErrnoMark; }
  /// No call of os.h touches errno, which belongs to the program.
  void TearDown() override { EXPECT_EQ(errno, kErrnoMark); }
  static constexpr int kErrnoMark = 4711;
};

TEST_F(Os, AMappingIsZeroedAndWritableUntilItIsGivenBack) {
  std::byte* const memory = os::map(kMapped, os::Access::ReadWrite);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(reinterpret_cast<Address>(memory) % kPageBytes, 0u);
  EXPECT_TRUE(reads_as_zero(memory, kMapped));
  std::memset(memory, 0x5a, kMapped);
  EXPECT_TRUE(os::unmap(memory, kMapped));
  const int before = errno;
  EXPECT_FALSE(is_mapped(memory));
  errno = before;
}

TEST_F(Os, AnImpossibleMappingIsRefused) {
  EXPECT_EQ(os::map(std::size_t{1} << 60, os::Access::ReadWrite), nullptr);
  EXPECT_EQ(os::map_aligned(std::size_t{1} << 60, kGiB), nullptr);
  EXPECT_EQ(os::map_aligned(kRequestMax, kGiB), nullptr);
}

TEST_F(Os, AnAlignedMappingIsAlignedAndExactlyAsLong) {
  for (std::size_t align = kPageBytes; align <= kGiB; align *= 8) {
    std::byte* const memory = os::map_aligned(kMapped, align);
    ASSERT_NE(memory, nullptr) << align;
    EXPECT_EQ(reinterpret_cast<Address>(memory) % align, 0u) << align;
    memory[0] = memory[kMapped - 1] = std::byte{1};
    EXPECT_TRUE(os::unmap(memory, kMapped));
  }
}

TEST_F(Os, ReadOnlyMemoryBecomesWritablePieceByPiece) {
  std::byte* const memory = os::map(kMapped, os::Access::ReadOnly);
  ASSERT_NE(memory, nullptr);
  EXPECT_TRUE(reads_as_zero(memory, kMapped));
  ASSERT_TRUE(os::make_writable(memory + kPageBytes, kPageBytes));
  memory[kPageBytes] = std::byte{1};
  const ChildRun run = run_child([&] { memory[0] = std::byte{1}; });
  EXPECT_FALSE(run.exited_with(0)) << "the other pages must stay read-only";
  os::unmap(memory, kMapped);
}

TEST_F(Os, ShrinkingGivesTheTailBackAndGrowingKeepsContents) {
  std::byte* const memory = os::map(kMapped, os::Access::ReadWrite);
  std::memset(memory, 0x5a, kMapped);
  ASSERT_TRUE(os::resize_in_place(memory, kMapped, kPageBytes));
  const int before = errno;
  EXPECT_FALSE(is_mapped(memory + kPageBytes));
  errno = before;
  EXPECT_EQ(memory[kPageBytes - 1], std::byte{0x5a});
  if (os::resize_in_place(memory, kPageBytes, kMapped)) {  // what was ours just now is likely free
    EXPECT_EQ(memory[0], std::byte{0x5a});
    EXPECT_TRUE(reads_as_zero(memory + kPageBytes, kMapped - kPageBytes));
    os::unmap(memory, kMapped);
  } else {
    os::unmap(memory, kPageBytes);
  }
}

TEST_F(Os, GrowingIntoANeighbourIsRefused) {
  std::byte* const memory = os::map(kMapped, os::Access::ReadWrite);
  EXPECT_FALSE(os::resize_in_place(memory, kPageBytes, 2 * kPageBytes));
  memory[kPageBytes] = std::byte{7};
  os::unmap(memory, kMapped);
}

TEST_F(Os, MovedPagesKeepTheirContentsAndLeaveTheirPlace) {
  std::byte* const from = os::map(kMapped, os::Access::ReadWrite);
  std::byte* const to = os::map(2 * kMapped, os::Access::ReadWrite);
  for (std::size_t i = 0; i < kMapped; ++i) from[i] = static_cast<std::byte>(i % 251);
  ASSERT_TRUE(os::move_pages(from, kMapped, to, 2 * kMapped));
  const int before = errno;
  EXPECT_FALSE(is_mapped(from));
  errno = before;
  bool same = true;
  for (std::size_t i = 0; i < kMapped; ++i) same &= to[i] == static_cast<std::byte>(i % 251);
  EXPECT_TRUE(same);
  EXPECT_TRUE(reads_as_zero(to + kMapped, kMapped));
  os::unmap(to, 2 * kMapped);
}

TEST_F(Os, DiscardedPagesReadAsZeroAndOthersDoNot) {
  std::byte* const memory = os::map(kMapped, os::Access::ReadWrite);
  std::memset(memory, 0x5a, kMapped);
  ASSERT_TRUE(os::discard(memory + kPageBytes, kPageBytes));
  EXPECT_EQ(memory[kPageBytes - 1], std::byte{0x5a});
  EXPECT_TRUE(reads_as_zero(memory + kPageBytes, kPageBytes));
  EXPECT_EQ(memory[2 * kPageBytes], std::byte{0x5a});
  os::unmap(memory, kMapped);
}

TEST_F(Os, AdviceAboutHugePagesChangesNoContents) {
  std::byte* const memory = os::map_aligned(2 * kMiB, 2 * kMiB);
  memory[5] = std::byte{5};
  os::advise_huge_pages(memory, 2 * kMiB);
  EXPECT_EQ(memory[5], std::byte{5});
  os::unmap(memory, 2 * kMiB);
}

TEST_F(Os, TheClockDoesNotRunBackwards) {
  std::uint64_t last = os::now_ms();
  for (unsigned i = 0; i < 1000; ++i) {
    const std::uint64_t now = os::now_ms();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST_F(Os, AddressSpaceIsScarceUnderALimit) {
  if (os::address_space_is_scarce()) GTEST_SKIP() << "SKIPPED: this machine limits address space";
  {
    const AddressSpaceLimit limit;
    EXPECT_TRUE(os::address_space_is_scarce());
  }
  EXPECT_FALSE(os::address_space_is_scarce());
}

TEST_F(Os, WaitingForAWordThatDiffersReturnsAtOnce) {
  const std::uint32_t word = 3;
  os::wait_on(&word, 4);
}

TEST_F(Os, AWaiterIsWoken) {
  std::uint32_t word = 0;
  bool woken = false;
  {
    const std::jthread waiter([&] {
      while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0) os::wait_on(&word, 0);
      woken = true;
    });
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    os::wake_one(&word);
  }
  EXPECT_TRUE(woken);
}

TEST_F(Os, RandomBytesFillTheirRangeAndDiffer) {
  std::uint8_t first[40] = {}, second[40] = {};
  os::random_bytes(first, 32);
  os::random_bytes(second, 32);
  EXPECT_NE(std::memcmp(first, second, 32), 0);
  for (std::size_t i = 32; i < 40; ++i) EXPECT_EQ(first[i], 0u) << "written past the end";
}

TEST_F(Os, IdsAreTheKernels) {
  EXPECT_EQ(os::process_id(), getpid());
  EXPECT_EQ(os::thread_id(), gettid());
  const std::jthread other([] { EXPECT_NE(os::thread_id(), os::process_id()); });
}

class OsFiles : public Os {
 protected:
  std::string file(const std::string& name) {
    const int before = errno;
    const std::string path = folder_.file(name);
    errno = before;
    return path;
  }

 private:
  const TestFolder folder_;  // made before errno is marked, removed after it was looked at
};

TEST_F(OsFiles, AreWrittenAppendedAndRead) {
  const std::string path = file("text");
  for (const os::OpenFor purpose : {os::OpenFor::Truncate, os::OpenFor::Append}) {
    const int out = os::open_file(path.c_str(), purpose);
    ASSERT_GE(out, 0);
    EXPECT_TRUE(os::write_all(out, "abc", 3));
    os::close_file(out);
  }
  const int in = os::open_file(path.c_str(), os::OpenFor::Read);
  char text[16];
  EXPECT_EQ(os::read_some(in, text, sizeof text), 6);
  EXPECT_EQ(std::string(text, 6), "abcabc");
  EXPECT_EQ(os::read_some(in, text, sizeof text), 0);
  EXPECT_FALSE(os::write_all(in, "x", 1)) << "it was opened for reading";
  os::close_file(in);
  EXPECT_LT(os::open_file(file("none").c_str(), os::OpenFor::Read), 0);
  EXPECT_LT(os::read_some(-1, text, 1), 0);
}

TEST_F(OsFiles, ADirectoryMayBeThereAlready) {
  const std::string path = file("made");
  EXPECT_TRUE(os::make_directory(path.c_str()));
  EXPECT_TRUE(os::make_directory(path.c_str()));
  EXPECT_FALSE(os::make_directory(file("no/such").c_str()));
}

TEST_F(Os, ExitNowRunsNoHandler) {
  const ChildRun run = run_child([] {
    std::atexit([] { _exit(1); });
    os::exit_now(41);
  });
  EXPECT_TRUE(run.exited_with(41)) << run.status;
  errno = kErrnoMark;
}

}  // namespace
}  // namespace hakmem
