// A foreign allocator under the explorer: mimalloc's list of blocks that other threads free, from
// its own sources with nothing changed but flags. Called by third_party.py, which ctest runs.
//   mimalloc_remote_free         blocks come back while their page has room
//   mimalloc_remote_free --full  blocks come back while their page becomes full
#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <mimalloc.h>

#include "explore/explorer.h"

// Where the linker lays the program's variables, mimalloc's among them.
extern "C" char __data_start, _end;  // NOLINT: the linker's names

namespace {

constexpr std::size_t kBytes = 1000;     // 65 such blocks fill one of mimalloc's pages
constexpr unsigned kHandedOver = 3;
constexpr unsigned kRoomy = 12;          // some times what mimalloc carves at once
constexpr unsigned kMoreThanAPage = 70;

using Block = unsigned char*;
using HandedOver = std::array<Block, kHandedOver>;

Block new_block(unsigned stamp) {
  const Block block = static_cast<Block>(mi_malloc(kBytes));
  block[0] = block[kBytes - 1] = static_cast<unsigned char>(stamp);
  return block;
}

void check_and_free(Block block, unsigned stamp) {
  explore::check(block[0] == stamp && block[kBytes - 1] == stamp, "a block has two owners");
  mi_free(block);
}

void free_all(void* blocks) {
  for (unsigned i = 0; i < kHandedOver; ++i) {
    check_and_free((*static_cast<HandedOver*>(blocks))[i], 200 + i);
  }
}

/// One schedule: the second thread frees what the first has allocated, which allocates more
/// meanwhile, so that it takes the freed blocks back. The first has the second's page for itself,
/// and all are freed at the end.
template <unsigned kOwn>
void body(void*) {
  HandedOver handed_over;
  for (unsigned i = 0; i < kHandedOver; ++i) handed_over[i] = new_block(200 + i);
  explore::spawn(free_all, &handed_over);
  std::array<Block, kOwn> own;
  for (unsigned i = 0; i < kOwn; ++i) own[i] = new_block(i);
  explore::join_all();
  for (unsigned i = 0; i < kOwn; ++i) check_and_free(own[i], i);
}

constexpr std::size_t kSegment = 32 << 20;  // what mimalloc takes at once, aligned to its size
constexpr std::size_t kSegments = 6;
std::uintptr_t g_begin = 0;
std::uintptr_t g_next = 0;

/// Each schedule finds mimalloc as main() left it: its variables, and the memory that it takes from
/// the system, are set back. False when the system has no such memory.
bool prepare() {
  void* const space = mmap(nullptr, (kSegments + 1) * kSegment, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return false;
  g_begin = (reinterpret_cast<std::uintptr_t>(space) + kSegment - 1) / kSegment * kSegment;
  g_next = g_begin;
  explore::keep_state(&__data_start, static_cast<std::size_t>(&_end - &__data_start));
  explore::keep_state(reinterpret_cast<void*>(g_begin), kSegments * kSegment);
  return true;
}

/// True: nothing was found, in all schedules that were asked for.
bool explores_clean(const char* name, explore::Body one_schedule,
                    const explore::Settings& settings) {
  const explore::Report report = explore::explore(one_schedule, nullptr, settings);
  const bool all = settings.schedules != 0 || report.complete;
  std::printf("%s: %llu schedules%s, %zu shared locations\n", name,
              static_cast<unsigned long long>(report.schedules), all ? "" : ", not all",
              report.shared_locations);
  if (!report.found) return all;
  const explore::Script script = minimise(one_schedule, nullptr, settings, report);
  std::printf("FOUND %s by seed %llu: %s\n%s", report.kind.c_str(),
              static_cast<unsigned long long>(report.seed), report.text.c_str(),
              trace_of(one_schedule, nullptr, settings, script).c_str());
  return false;
}

}  // namespace

// What mimalloc is compiled to call instead of the system (-Dmmap=example_mmap ...): memory that
// explore::keep_state() knows. None of it is used twice in a schedule.
extern "C" {

void* example_mmap(void*, std::size_t bytes, int, int, int, off_t) {
  const std::size_t align = bytes < kSegment ? 4096 : kSegment;
  const std::uintptr_t begin = (g_next + align - 1) / align * align;
  if (begin + bytes > g_begin + kSegments * kSegment) return MAP_FAILED;
  g_next = begin + bytes;
  return reinterpret_cast<void*>(begin);
}
int example_munmap(void*, std::size_t) { return 0; }
int example_madvise(void*, std::size_t, int) { return 0; }
int example_mprotect(void*, std::size_t, int) { return 0; }

}  // extern "C"

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  if (!prepare()) {
    std::puts("SKIPPED: no memory for mimalloc to divide");
    return 77;
  }
  const explore::Body one_schedule = full ? body<kMoreThanAPage> : body<kRoomy>;
  explore::Settings settings;
  settings.strategy.kind = explore::StrategyKind::Mix;
  settings.schedules = 20000;
  if (!explores_clean("random and PCT", one_schedule, settings)) return 1;
  settings.strategy.kind = explore::StrategyKind::Exhaustive;
  settings.strategy.preemptions_max = 2;
  settings.strategy.stale_max = 1;
  settings.schedules = 0;
  return explores_clean("two preemptions, one stale read", one_schedule, settings) ? 0 : 1;
}
