// Rings keep the newest events in order, from any reader's view; histories are merged over rings.
#include "ptr_trace/trace_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "os/os.h"
#include "ptr_trace/trace_history.h"

namespace hakmem {
namespace {

constexpr std::uint64_t kRingCapacity = 16;
constexpr Address kBlock = 0x7f0000001000;

std::vector<TraceEvent> events_in(const TraceRing& ring) {
  std::vector<TraceEvent> events;
  ring.for_each([&](const TraceEvent& event) { events.push_back(event); });
  return events;
}

class TraceRingTest : public testing::Test {
 protected:
  TraceRingTest() { rings_.set_capacity(kRingCapacity); }
  ~TraceRingTest() override {
    for (const TraceRing* ring = rings_.newest(); ring != nullptr;) {
      TraceRing* const gone = const_cast<TraceRing*>(ring);
      ring = ring->next();
      os::unmap(reinterpret_cast<std::byte*>(gone),
                round_up(TraceRing::bytes_for(gone->capacity()), kPageBytes));
    }
  }
  /// One of the program's calls.
  static void call(TraceRing& ring, TraceKind kind, Address block, std::uint64_t operation,
                   std::uint32_t thread = 1, std::size_t bytes = 48) {
    ring.begin_operation(thread, operation, operation);
    ring.record(kind, block, TraceEvent::detail_of(7, bytes));
  }
  TraceHistory history_of(Address begin, Address end) const {
    TraceHistory history;
    collect_history(rings_, begin, end, history);
    return history;
  }
  TraceRings rings_;
};

TEST(TraceEventTest, GivesBackWhatWasPackedAtTheLimits) {
  TraceEvent event;
  event.target = TraceEvent::target_of(TraceKind::SlabRelease, 0x7fffffffffff);
  event.who = TraceEvent::who_of(4194303, (std::uint64_t{1} << 40) - 1);
  event.detail = TraceEvent::detail_of(0xffffffff, std::size_t{1} << 40);
  EXPECT_EQ(event.kind(), TraceKind::SlabRelease);
  EXPECT_EQ(event.address(), 0x7fffffffffffu);
  EXPECT_EQ(event.thread(), 4194303u);
  EXPECT_EQ(event.operation(), (std::uint64_t{1} << 40) - 1);
  EXPECT_EQ(event.stack(), 0xffffffffu);
  EXPECT_EQ(event.bytes(), 0xffffffffu) << "saturated";
}

TEST_F(TraceRingTest, AnEmptyRingHasNoEvent) {
  const TraceRing& ring = *rings_.add();
  EXPECT_TRUE(events_in(ring).empty());
}

TEST_F(TraceRingTest, KeepsEventsInOrderWithTheirOperation) {
  TraceRing& ring = *rings_.add();
  call(ring, TraceKind::Alloc, kBlock, 5, 42, 100);
  ring.record(TraceKind::LinkRead, kBlock, 0x1234);
  const std::vector<TraceEvent> events = events_in(ring);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind(), TraceKind::Alloc);
  EXPECT_EQ(events[0].thread(), 42u);
  EXPECT_EQ(events[0].bytes(), 100u);
  EXPECT_EQ(events[0].stack(), 7u);
  EXPECT_EQ(events[1].kind(), TraceKind::LinkRead);
  EXPECT_EQ(events[1].operation(), 5u);
  EXPECT_EQ(events[1].time, events[0].time);
  EXPECT_EQ(events[1].detail, 0x1234u);
}

TEST_F(TraceRingTest, AFullRingKeepsTheNewest) {
  TraceRing& ring = *rings_.add();
  for (std::uint64_t i = 1; i <= 3 * kRingCapacity; ++i) call(ring, TraceKind::Free, kBlock + i, i);
  const std::vector<TraceEvent> events = events_in(ring);
  ASSERT_EQ(events.size(), kRingCapacity - 1);  // the slot that is written next counts as torn
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].operation(), 2 * kRingCapacity + 2 + i);
  }
}

TEST_F(TraceRingTest, WithoutCapacityThereIsNoRing) {
  rings_.set_capacity(0);
  EXPECT_EQ(rings_.add(), nullptr);
}

TEST_F(TraceRingTest, AReaderNeverSeesATornEvent) {
  TraceRing& ring = *rings_.add();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; !stop.load(TraceOrders::kLook); ++i) {
      ring.begin_operation(static_cast<std::uint32_t>(i % 1000), i, i);
      ring.record(TraceKind::Alloc, i, i);
    }
  });
  while (ring.written() < kRingCapacity) std::this_thread::yield();
  for (int look = 0; look < 2000; ++look) {
    std::uint64_t last = 0;
    ring.for_each([&](const TraceEvent& event) {
      EXPECT_EQ(event.address(), event.detail);
      EXPECT_EQ(event.operation(), event.detail);
      EXPECT_EQ(event.thread(), event.detail % 1000);
      EXPECT_GT(event.detail, last);
      last = event.detail;
    });
  }
  stop.store(true, TraceOrders::kPublish);
  writer.join();
}

TEST_F(TraceRingTest, AScopeSendsStepsToItsRingAndEndsWithIt) {
  TraceRing& ring = *rings_.add();
  {
    const TraceScope scope(&ring);
    EXPECT_EQ(current_trace_ring, &ring);
    const TraceScope none(nullptr);
    EXPECT_EQ(current_trace_ring, nullptr);
  }
  EXPECT_EQ(current_trace_ring, nullptr);
}

TEST_F(TraceRingTest, AHistoryHasTheOperationsOfAllRingsNewestFirst) {
  TraceRing& first = *rings_.add();
  TraceRing& second = *rings_.add();
  call(first, TraceKind::Alloc, kBlock, 1, 10);
  call(second, TraceKind::Free, kBlock, 2, 20);
  first.record(TraceKind::LinkWrite, kBlock, 0);        // no operation of the program
  call(second, TraceKind::Alloc, kBlock + 64, 3, 20);   // another block
  call(first, TraceKind::Alloc, kBlock, 4, 10);
  const TraceHistory history = history_of(kBlock - 16, kBlock + 48);
  ASSERT_EQ(history.count, 3u);
  EXPECT_EQ(history.events[0].operation(), 4u);
  EXPECT_EQ(history.events[1].operation(), 2u);
  EXPECT_EQ(history.events[1].thread(), 20u);
  EXPECT_EQ(history.events[2].operation(), 1u);
  EXPECT_EQ(history.allocations, 2u);
}

TEST_F(TraceRingTest, AHistoryKeepsTheNewestAndCountsTheRest) {
  TraceRing& ring = *rings_.add();
  for (std::uint64_t i = 1; i < kRingCapacity; ++i) call(ring, TraceKind::Alloc, kBlock, i);
  const TraceHistory history = history_of(kBlock, kBlock + 1);
  ASSERT_EQ(history.count, kHistoryMax);
  EXPECT_EQ(history.events[0].operation(), kRingCapacity - 1);
  EXPECT_EQ(history.events[kHistoryMax - 1].operation(), kRingCapacity - kHistoryMax);
  EXPECT_EQ(history.allocations, kRingCapacity - 1);
}

}  // namespace
}  // namespace hakmem
