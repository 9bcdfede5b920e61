// The same block freed twice (HK101): at once, with others between, by other threads, late.
#include "family.h"

namespace family {
namespace {

FAMILY_NOINLINE void free_again(void* block) { std::free(block); }

template <std::size_t kOthers>
void late(const Case& c) {
  char* const block = allocate_block(c.bytes);
  free_block(block);
  free_others(kOthers);
  if (c.broken) free_again(block);
}

void interleaved(const Case& c) {
  char* const first = allocate_block(c.bytes);
  char* const second = allocate_block(c.bytes);
  free_block(first);
  free_block(second);
  if (c.broken) free_again(first);
}

/// As many bytes are asked for again: most mallocs hand out the block, and take it from its owner.
void reused(const Case& c) {
  char* const block = allocate_block(c.bytes);
  free_block(block);
  char* const next = allocate_block(c.bytes);
  if (c.broken) free_again(block);
  free_block(next);
}

void by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  free_block(block);
  if (c.broken) on_other_thread([&] { free_again(block); });
}

void by_two_threads(const Case& c) {
  char* const block = allocate_block(c.bytes);
  on_other_thread([&] { free_block(block); });
  if (c.broken) on_other_thread([&] { free_again(block); });
}

void owner_gone(const Case& c) {
  char* block = nullptr;
  on_other_thread([&] {
    block = allocate_block(c.bytes);
    free_block(block);
  });
  on_other_thread([&] { free_others(10); });
  if (c.broken) free_again(block);
}

FAMILY_NOINLINE char* allocate_new(std::size_t bytes) { return new char[bytes]; }
FAMILY_NOINLINE void free_new(char* block) { delete[] block; }

void with_new(const Case& c) {
  char* const block = allocate_new(c.bytes);
  free_new(block);
  if (c.broken) free_new(opaque(block));
}

/// realloc(p, 0) frees; the program frees once more.
FAMILY_NOINLINE void free_by_realloc(char* block) { opaque(std::realloc(block, opaque(0ul))); }

void realloc_to_nothing(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (c.broken) free_by_realloc(block);
  free_block(block);
}

void nothing_twice(const Case& c) {
  char* const block = allocate_block(0);
  free_block(block);
  if (c.broken) free_again(block);
}

constexpr Variant kVariants[] = {
    {"at_once", "HK101", "plain", "all", "af", 0, late<0>},
    {"after_10", "HK101", "plain", "all", "af", 0, late<10>},
    {"after_1000", "HK101", "plain", "all", "af", 0, late<1000>},
    {"after_100000", "HK101", "plain", "some", "af", 0, late<100000>},
    {"interleaved", "HK101", "plain", "all", "af", 0, interleaved},
    {"reused", "HK101", "plain", "all", "af", 0, reused},
    {"by_thread", "HK101", "plain", "all", "af", 0, by_thread},
    {"by_two_threads", "HK101", "plain", "all", "af", 0, by_two_threads},
    {"owner_gone", "HK101", "plain", "all", "af", 0, owner_gone},
    {"new", "HK101", "plain", "small", "af", 0, with_new},
    {"realloc_0", "HK101", "plain", "small", "af", 0, realloc_to_nothing},
    {"nothing", "HK101", "plain", "one", "af", 0, nothing_twice},
    {"page", "HK101", "after", "some", "af", 0, late<10>},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
