// The program whose instructions callgrind counts: each operation N times, then 2 N times, each
// followed by a dump named after it, so that the difference holds N operations and nothing else.
// Run by fast_path_counts under `valgrind --tool=callgrind`; without valgrind it only runs.
// Invariant: deterministic: no clock, no thread, no input.
#include <valgrind/callgrind.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "bench/workload/block.h"
#include "bench/workload/prng.h"

namespace {

using hakmem::bench::escape;

constexpr std::size_t kReallocBytes = 64;
constexpr std::size_t kMixedSlots = 4096;
constexpr std::size_t kMixedMinBytes = 16;
constexpr std::size_t kMixedMaxBytes = 1040;
constexpr std::uint64_t kMixedSeed = 42;

template <std::size_t kBytes>
void malloc_free(unsigned long count) {
  for (unsigned long i = 0; i < count; ++i) {
    void* block = std::malloc(kBytes);
    escape(block);
    std::free(block);
  }
}

template <std::size_t kBytes>
void calloc_free(unsigned long count) {
  for (unsigned long i = 0; i < count; ++i) {
    void* block = std::calloc(1, kBytes);
    escape(block);
    std::free(block);
  }
}

template <std::size_t kBytes>
void new_delete(unsigned long count) {
  for (unsigned long i = 0; i < count; ++i) {
    void* block = ::operator new(kBytes);
    escape(block);
    ::operator delete(block);
  }
}

void realloc_same(unsigned long count) {
  void* block = std::malloc(kReallocBytes);
  for (unsigned long i = 0; i < count; ++i) {
    block = std::realloc(block, kReallocBytes);
    escape(block);
  }
  std::free(block);
}

void mixed(unsigned long count) {
  static std::array<void*, kMixedSlots> slots;
  hakmem::bench::Prng prng(kMixedSeed);
  for (unsigned long i = 0; i < count; ++i) {
    const auto [slot, bytes] =
        hakmem::bench::draw_slot_and_size(prng, kMixedSlots, kMixedMinBytes, kMixedMaxBytes);
    std::free(slots[slot]);
    slots[slot] = std::malloc(bytes);
  }
}

struct Operation {
  const char* name;
  void (*run)(unsigned long count);
  unsigned long count;
};

constexpr unsigned long kPairs = 2048;
constexpr unsigned long kReplacements = 32768;

constexpr std::array kOperations{
    Operation{"malloc_16", malloc_free<16>, kPairs},
    Operation{"malloc_64", malloc_free<64>, kPairs},
    Operation{"malloc_1024", malloc_free<1024>, kPairs},
    Operation{"calloc_64", calloc_free<64>, kPairs},
    Operation{"malloc_2048", malloc_free<2048>, kPairs},
    Operation{"malloc_8192", malloc_free<8192>, kPairs},
    Operation{"new_32", new_delete<32>, kPairs},
    Operation{"realloc_same_64", realloc_same, kPairs},
    Operation{"mixed_1040", mixed, kReplacements},
};

void measure(const Operation& operation, unsigned long count) {
  char label[64];
  std::snprintf(label, sizeof label, "%s %lu", operation.name, count);
  CALLGRIND_ZERO_STATS;
  operation.run(count);
  CALLGRIND_DUMP_STATS_AT(label);
}

}  // namespace

int main() {
  for (const Operation& operation : kOperations) {
    operation.run(operation.count);  // warm: slabs mapped, lists filled
    measure(operation, operation.count);
    measure(operation, 2 * operation.count);
  }
  return 0;
}
