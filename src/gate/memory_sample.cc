#include "gate/memory_sample.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool try_measure(Domain& domain, MemorySample& out) noexcept {
  std::uint64_t live = domain.checks.shared_heapless_bytes.load(CounterOrders::kAny);
  std::uint64_t resting = 0;
  const bool counted = domain.slabs.registry.try_for_each([&](const Heap& heap) {
    live += heap.live_bytes.read();
    resting += heap.quarantine.bytes();
  });
  std::size_t large = 0;
  PageStats pages;
  if (!counted || !domain.large.try_taken_bytes(large) || !domain.pages.try_stats(pages)) {
    return false;
  }
  // Heaps are read one after another: a block freed meanwhile on one that was read already and
  // allocated on one that was not can make the sum negative.
  const bool negative = static_cast<std::int64_t>(live) < 0;
  out.live_bytes = negative ? 0 : live;
  out.mapped_bytes = domain.slabs.pool.count() * kGeometry.superslab_bytes() + large +
                     pages.open_pages * kPageBytes;
  out.quarantined_bytes = resting + pages.resting_pages * kPageBytes;
  out.ms = os::now_ms() - domain.checks.timeline.begin_ms();
  return true;
}

void take_sample(Domain& domain) noexcept {
  MemoryTimeline& timeline = domain.checks.timeline;
  if (!timeline.lock().try_lock()) return;
  MemorySample sample;
  if (try_measure(domain, sample)) timeline.add(sample);
  timeline.lock().unlock();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
