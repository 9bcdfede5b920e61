// The HISTORY of a finding: earlier owners of the block's addresses, from every thread's ring.
#include "gate/block_history.h"

#include <gtest/gtest.h>

#include <thread>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"
#include "ptr_trace/trace_history.h"

namespace hakmem {
namespace {

constexpr std::size_t kRequest = 100;

class BlockHistory : public DomainTest {
 protected:
  BlockHistory() { domain_->checks.quarantine = {.blocks = 1, .bytes = kMiB}; }

  HAK_NOINLINE void* allocate_deep(unsigned depth) {
    void* volatile block = depth == 0 ? allocate(kRequest) : allocate_deep(depth - 1);
    return block;  // volatile: no tail call, each frame stays
  }
  /// Frees and allocates until an allocation gets `wanted` again.
  void* get_back(void* wanted) {
    for (unsigned i = 0; i < 1000; ++i) {
      void* const block = allocate(kRequest);
      if (block == wanted) return block;
      release(block);
    }
    ADD_FAILURE() << "the block did not come back";
    return nullptr;
  }
  TraceHistory history_of(void* block) {
    const Address user = reinterpret_cast<Address>(block);
    TraceHistory history;
    collect_history(domain_->checks.rings, user, user + 1, history);
    return history;
  }
  std::string report_of_double_free(void* block) {
    return expect_finding(Violation::kDoubleFree, kIntegrityLevel, [&] { release(block); });
  }
};

TEST_F(BlockHistory, EachCallOnABlockIsInTheTrace) {
  void* const first = allocate(kRequest);  // makes the heap, and with it the ring
  void* const block = allocate(kRequest);
  void* const same = reallocate(block, kRequest - 1);
  ASSERT_EQ(same, block);
  release(block);
  const TraceHistory history = history_of(block);
  ASSERT_EQ(history.count, 3u);
  EXPECT_EQ(history.events[0].kind(), TraceKind::Free);
  EXPECT_EQ(history.events[0].bytes(), kRequest - 1);
  EXPECT_EQ(history.events[1].kind(), TraceKind::Resize);
  EXPECT_EQ(history.events[2].kind(), TraceKind::Alloc);
  EXPECT_EQ(history.events[2].bytes(), kRequest);
  EXPECT_EQ(history.events[2].thread(), static_cast<std::uint32_t>(os::thread_id()));
  release(first);
}

TEST_F(BlockHistory, ListAccessesAreInTheTrace) {
  void* const first = allocate(kRequest);
  release(first);
  release(allocate(kRequest));  // pushes `first` out of quarantine, onto its list
  get_back(first);
  unsigned reads = 0, writes = 0, carves = 0, let_go = 0;
  const TraceRing* const ring = domain_->checks.rings.newest();
  ASSERT_NE(ring, nullptr);
  ring->for_each([&](const TraceEvent& event) {
    reads += event.kind() == TraceKind::LinkRead;
    writes += event.kind() == TraceKind::LinkWrite;
    carves += event.kind() == TraceKind::Carve;
    let_go += event.kind() == TraceKind::LetGo;
  });
  EXPECT_NE(reads, 0u);
  EXPECT_NE(writes, 0u);
  EXPECT_NE(let_go, 0u);
  EXPECT_EQ(carves, 0u) << "the first carve came before there was a heap with a ring";
}

TEST_F(BlockHistory, AReportNamesEarlierOwners) {
  void* const first = allocate(kRequest);
  release(first);
  release(allocate(kRequest));
  void* const block = get_back(first);
  ASSERT_EQ(block, first);
  release(block);
  const std::string report = report_of_double_free(block);
  const std::size_t history = report.find("  HISTORY   of this address, newest first\n");
  ASSERT_NE(history, std::string::npos) << report;
  EXPECT_NE(report.find("free", history), std::string::npos) << report;
  EXPECT_NE(report.find("alloc", history), std::string::npos) << report;
  EXPECT_NE(report.find("100 B", history), std::string::npos) << report;
}

TEST_F(BlockHistory, StacksOfEarlierOwnersAreCutShort) {
  domain_->checks.stack_method = StackMethod::Safe;
  void* const first = allocate(kRequest);
  for (unsigned i = 0; i < 2; ++i) {
    void* const block = allocate_deep(4 * kHistoryFramesMax);
    release(block);
    release(allocate(kRequest));
    release(get_back(block));
    Finding finding;
    const CheckedBlock found = find_checked_block(*domain_, wild(block).address());
    describe_history(*domain_, found, finding);
    ASSERT_GE(finding.history.count, 4u);
    std::uint32_t deepest = 0;
    for (std::uint32_t call = 0; call < finding.history.count; ++call) {
      const std::uint32_t frames = finding.history.calls[call].stack.count;
      deepest = frames > deepest ? frames : deepest;
    }
    EXPECT_EQ(deepest, kHistoryFramesMax);
  }
  release(first);
}

TEST_F(BlockHistory, ABlockWithoutEarlierOwnersHasNone) {
  void* const first = allocate(kRequest);
  void* const block = allocate(kRequest);
  release(block);
  const std::string report = report_of_double_free(block);
  EXPECT_EQ(report.find("HISTORY"), std::string::npos) << report;
  release(first);
}

TEST_F(BlockHistory, CallsOfThreadsThatAreGoneAreKnown) {
  void* block = nullptr;
  std::uint32_t maker = 0;
  std::thread([&] {
    ThreadState thread(*domain_);
    release(thread, allocate(thread, kRequest));
    block = allocate(thread, kRequest);
    maker = static_cast<std::uint32_t>(os::thread_id());
    detach_thread(*domain_, thread);
  }).join();
  release(allocate(kRequest));
  release(block);
  const TraceHistory history = history_of(block);
  ASSERT_EQ(history.count, 2u);
  EXPECT_EQ(history.events[0].kind(), TraceKind::Free);
  EXPECT_EQ(history.events[1].thread(), maker);
}

TEST_F(BlockHistory, WithoutEventsThereAreNoRings) {
  domain_->checks.rings.set_capacity(0);
  release(allocate(kRequest));
  release(allocate(kRequest));
  EXPECT_EQ(domain_->checks.rings.newest(), nullptr);
}

}  // namespace
}  // namespace hakmem
