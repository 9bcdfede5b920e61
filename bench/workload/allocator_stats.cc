// See allocator_stats.h.
#include "bench/workload/allocator_stats.h"

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "api/hakmem.h"

namespace hakmem::bench {
namespace {

struct Counter {
  const char* name;
  std::uint64_t hakmem_stats::*value;
};

constexpr std::array kCounters{
    Counter{"heaps", &hakmem_stats::heaps},
    Counter{"superslabs", &hakmem_stats::superslabs},
    Counter{"slab_bytes_in_use", &hakmem_stats::slab_bytes_in_use},
    Counter{"refills", &hakmem_stats::refills},
    Counter{"carves", &hakmem_stats::carves},
    Counter{"slabs_acquired", &hakmem_stats::slabs_acquired},
    Counter{"slabs_released", &hakmem_stats::slabs_released},
    Counter{"remote_drains", &hakmem_stats::remote_drains},
    Counter{"remote_blocks", &hakmem_stats::remote_blocks},
    Counter{"heaps_adopted", &hakmem_stats::heaps_adopted},
    Counter{"purges", &hakmem_stats::purges},
    Counter{"large_blocks", &hakmem_stats::large_blocks},
    Counter{"large_bytes", &hakmem_stats::large_bytes},
    Counter{"free_run_bytes", &hakmem_stats::free_run_bytes},
    Counter{"metadata_bytes", &hakmem_stats::metadata_bytes},
};

using StatsGet = int (*)(hakmem_stats*, std::size_t);

}  // namespace

void print_allocator_stats() {
  const auto get = reinterpret_cast<StatsGet>(dlsym(RTLD_DEFAULT, "hakmem_stats_get"));
  hakmem_stats stats{};
  if (get == nullptr || get(&stats, sizeof stats) != 0) return;
  std::printf(",\"hakmem_stats\":{\"level\":%u", stats.integrity_level);
  for (const Counter& counter : kCounters) {
    std::printf(",\"%s\":%llu", counter.name,
                static_cast<unsigned long long>(stats.*counter.value));
  }
  std::printf("}");
}

}  // namespace hakmem::bench
