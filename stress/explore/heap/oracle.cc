#include "explore/heap/oracle.h"

#include "explore/explorer.h"

namespace explore_heap::oracle {

namespace {

struct Interval {
  std::uintptr_t begin = 0, end = 0;
  std::size_t bytes = 0;
  std::uint64_t stamp = 0;
};

constexpr std::size_t kLiveMax = 256;
constexpr std::uintptr_t kAlignBytes = 16;
Interval g_live[kLiveMax];
std::size_t g_count = 0;
std::uint64_t g_acquired = 0;

std::uintptr_t number(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

Interval* find(const void* block) {
  for (std::size_t i = 0; i < g_count; ++i) {
    if (g_live[i].begin == number(block)) return &g_live[i];
  }
  return nullptr;
}

Interval& demand(const void* block) {
  Interval* const found = find(block);
  if (found == nullptr) explore::fail("not-live", "a block is used that is not live");
  return *found;
}

}  // namespace

void reset() {
  g_count = 0;
  g_acquired = 0;
}

void acquired(const void* block, std::size_t bytes) {
  const std::uintptr_t begin = number(block);
  const std::uintptr_t end = begin + (bytes == 0 ? 1 : bytes);
  explore::check(begin % kAlignBytes == 0, "a block is not aligned to 16 bytes");
  for (std::size_t i = 0; i < g_count; ++i) {
    if (begin >= g_live[i].end || g_live[i].begin >= end) continue;
    explore::fail("overlap", begin == g_live[i].begin ? "a live block was handed out again"
                                                      : "a block overlaps a live one");
  }
  if (g_count == kLiveMax) explore::fail("too-large", "more live blocks than the oracle holds");
  // A stamp is no address and differs from every earlier one.
  const std::uint64_t stamp = 0x5a5a000000000000u + ++g_acquired;
  g_live[g_count++] = {begin, end, bytes, stamp};
}

void released(const void* block) {
  Interval& found = demand(block);
  found = g_live[--g_count];
}

std::size_t bytes_of(const void* block) { return demand(block).bytes; }
std::uint64_t stamp_of(const void* block) { return demand(block).stamp; }
std::size_t live_count() { return g_count; }
void* any_live() {
  return g_count == 0 ? nullptr : reinterpret_cast<void*>(g_live[g_count - 1].begin);
}

}  // namespace explore_heap::oracle
