// Counters for people and programs: hakmem_stats_get, and the statistics functions of glibc.
#include <malloc.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "api/hakmem.h"
#include "api/process.h"
#include "base/text_sink.h"
#include "gate/failure.h"

namespace {

using namespace hakmem;

hakmem_stats collect() noexcept {
  hakmem_stats s{};
  SlabDomain& slabs = process_domain.slabs;
  s.version = HAKMEM_STATS_VERSION;
  s.integrity_level = kIntegrityLevel;
  s.heaps = slabs.registry.count();
  s.superslabs = slabs.pool.count();
  s.superslabs_cached = slabs.pool.cached_count();
  s.superslab_bytes = kGeometry.superslab_bytes();
  slabs.registry.for_each([&](const Heap& heap) {
    s.refills += heap.stats.refills.read();
    s.carves += heap.stats.carves.read();
    s.slabs_acquired += heap.stats.slabs_acquired.read();
    s.slabs_released += heap.stats.slabs_released.read();
    s.slab_bytes_in_use += heap.stats.units_acquired_bytes.read();
    s.slab_bytes_in_use -= heap.stats.units_released_bytes.read();
    s.remote_drains += heap.stats.slabs_drained.read();
    s.remote_blocks += heap.stats.blocks_drained.read();
    s.heaps_adopted += heap.stats.heaps_adopted.read();
    s.purges += heap.stats.purges.read();
    s.purges_regretted += heap.learned_age.regrets();
    const std::uint64_t factor = heap.learned_age.factor();
    if (factor > s.slab_age_factor) s.slab_age_factor = factor;
  });
  const LargeStats large = process_domain.large.stats();
  s.large_blocks = large.live_blocks;
  s.large_bytes = large.live_bytes;
  s.mapped_bytes = large.mapped_bytes;
  s.free_run_bytes = large.free_run_bytes;
  s.purges_regretted += large.regrets;
  s.run_age_factor = large.age_factor;
  s.metadata_bytes = slabs.meta.mapped_bytes();
  s.failures_too_large = failures_noted(FailureReason::TooLarge);
  s.failures_out_of_memory = failures_noted(FailureReason::OutOfMemory);
  const PageStats pages = process_domain.pages.stats();
  s.page_blocks = pages.live_blocks;
  s.page_blocks_resting = pages.resting_blocks;
  s.page_declined = pages.declined;
  s.foreign_frees = process_domain.shared_foreign_frees.load(CounterOrders::kAny);
  return s;
}

std::uint64_t held_bytes(const hakmem_stats& s) noexcept {
  return s.superslabs * s.superslab_bytes + s.large_bytes + s.free_run_bytes;
}

std::uint64_t used_bytes(const hakmem_stats& s) noexcept {
  return s.slab_bytes_in_use + s.large_bytes;
}

struct mallinfo2 to_mallinfo(const hakmem_stats& s) noexcept {
  struct mallinfo2 info = {};
  info.arena = held_bytes(s) - s.mapped_bytes;
  info.hblks = s.large_blocks;
  info.hblkhd = s.mapped_bytes;
  info.uordblks = used_bytes(s);
  info.fordblks = held_bytes(s) - used_bytes(s);
  info.keepcost = s.free_run_bytes;
  return info;
}

}  // namespace

HAK_EXPORT_CXX int hakmem_stats_get(hakmem_stats* out, std::size_t size) {
  if (out == nullptr || size < sizeof out->version) return -1;
  const hakmem_stats s = collect();
  std::memcpy(out, &s, size < sizeof s ? size : sizeof s);
  return 0;
}

HAK_EXPORT struct mallinfo2 mallinfo2() noexcept { return to_mallinfo(collect()); }

HAK_EXPORT struct mallinfo mallinfo() noexcept {
  const struct mallinfo2 wide = to_mallinfo(collect());
  struct mallinfo info = {};
  info.arena = static_cast<int>(wide.arena);
  info.hblks = static_cast<int>(wide.hblks);
  info.hblkhd = static_cast<int>(wide.hblkhd);
  info.uordblks = static_cast<int>(wide.uordblks);
  info.fordblks = static_cast<int>(wide.fordblks);
  info.keepcost = static_cast<int>(wide.keepcost);
  return info;
}

/// Accepted and without effect: what its parameters tune does not exist here.
HAK_EXPORT int mallopt(int, int) noexcept { return 1; }

HAK_EXPORT int malloc_trim(std::size_t) noexcept {
  const marks::OwnAccess own;
  std::size_t bytes = process_domain.purge_caches();
  if (has_heap(process_domain, this_thread)) {
    const DirectScope direct(process_domain.slabs.switches, this_thread);
    SlowOperation scope(*this_thread.heap);
    drain_all(process_domain.slabs, *this_thread.heap);
    bytes += purge_heap(*this_thread.heap);
  }
  return bytes != 0 ? 1 : 0;
}

HAK_EXPORT int malloc_info(int options, FILE* stream) noexcept {
  if (options != 0) {
    errno = EINVAL;
    return -1;
  }
  char text[512];
  const hakmem_stats s = collect();
  TextSink sink(text, sizeof text);
  sink.text("<malloc version=\"hakmem-1\">\n<system type=\"current\" size=\"");
  sink.decimal(held_bytes(s));
  sink.text("\"/>\n<total type=\"mmap\" count=\"").decimal(s.large_blocks).text("\" size=\"");
  sink.decimal(s.large_bytes).text("\"/>\n<aspace type=\"total\" size=\"").decimal(held_bytes(s));
  sink.text("\"/>\n</malloc>\n");
  return std::fputs(text, stream) < 0 ? -1 : 0;
}

HAK_EXPORT void malloc_stats() noexcept {
  char text[256];
  const hakmem_stats s = collect();
  TextSink sink(text, sizeof text);
  sink.text("HAKMEM\nsystem bytes     = ").decimal(held_bytes(s)).text("\nin use bytes     = ");
  sink.decimal(used_bytes(s)).text("\n");
  if (s.page_blocks + s.page_blocks_resting + s.page_declined != 0) {
    sink.text("page mode blocks = ").decimal(s.page_blocks).text(" live, ");
    sink.decimal(s.page_blocks_resting).text(" freed and closed, ").decimal(s.page_declined);
    sink.text(" served without pages of their own\n");
  }
  os::write_all(2, sink.c_str(), sink.size());
}
