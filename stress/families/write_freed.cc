// Writes to a freed block (HK102): at once, late, of a zero, by and after other threads. Found when
// the block leaves its rest or the process ends; in a large block by the write itself.
#include <csignal>

#include "family.h"

namespace family {
namespace {

enum class Where { First, Middle, Last };

template <Where kWhere>
char* place(const Case& c, char* block) {
  if (kWhere == Where::First) return block;
  return block + (kWhere == Where::Last ? c.bytes - 1 : c.bytes / 2);
}

template <Where kWhere, char kValue, std::size_t kOthers>
void late(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) store(place<kWhere>(c, block), kValue);
  free_block(block);
  free_others(kOthers);
  if (c.broken) store(place<kWhere>(c, block), kValue);
}

/// The same with 2 000 others that take 8 MiB together: half of what rests before it is used again.
void late_large_others(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) store(block, 'x');
  free_block(block);
  for (int i = 0; i < 2000; ++i) std::free(opaque(std::malloc(4096)));
  if (c.broken) store(block + c.bytes / 3, '\0');
}

void written_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  const auto write = [&] { store(block + c.bytes / 2, '\0'); };
  if (!c.broken) on_other_thread(write);
  free_block(block);
  if (c.broken) on_other_thread(write);
}

void freed_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) store(block, 'x');
  on_other_thread([&] { free_block(block); });
  if (c.broken) store(block, 'x');
}

/// Others ask for as many bytes as the block had, as often as makes most mallocs hand it out again.
void reused(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (!c.broken) store(block + c.bytes / 2, 'x');
  free_block(block);
  const std::size_t rounds = c.bytes < 4096 ? 1000 : 20;
  const auto use_others = [&] {
    std::vector<void*> others;
    for (std::size_t i = 0; i < rounds; ++i) others.push_back(std::malloc(c.bytes));
    for (void* other : others) std::free(other);
  };
  on_other_thread(use_others);
  use_others();
  if (c.broken) store(block + c.bytes / 2, 'x');
  on_other_thread(use_others);
}

/// The owner's thread is gone when the write comes.
void owner_gone(const Case& c) {
  char* block = nullptr;
  on_other_thread([&] {
    block = allocate_block(c.bytes);
    if (!c.broken) store(block, '\0');
    free_block(block);
  });
  if (c.broken) store(block, '\0');
}

FAMILY_NOINLINE char* allocate_new(std::size_t bytes) { return new char[bytes]; }
FAMILY_NOINLINE void free_new(char* block) { delete[] block; }

void with_new(const Case& c) {
  char* const block = allocate_new(c.bytes);
  if (!c.broken) store(block, 'x');
  free_new(block);
  if (c.broken) store(block, 'x');
}

/// realloc() moved it, and the old pointer lived on.
FAMILY_NOINLINE char* free_by_resizing(char* block, std::size_t bytes) {
  return static_cast<char*>(std::realloc(block, bytes * 3 + 100));
}

void moved(const Case& c) {
  char* const block = allocate_block(c.bytes);
  char* const larger = free_by_resizing(block, c.bytes);
  store(c.broken ? block : larger, 'x');
  std::free(larger);
}

/// What lies where most mallocs keep the link of a freed block, and the next two allocations.
template <char kValue>
void link(const Case& c) {
  char* const block = allocate_block(c.bytes);
  char* const target = c.broken ? block : allocate_block(c.bytes);
  free_block(block);
  for (std::size_t i = 0; i < sizeof(void*); ++i) store(target + i, kValue);
  char* const first = allocate_block(c.bytes);
  char* const second = allocate_block(c.bytes);
  free_block(first);
  free_block(second);
  if (!c.broken) free_block(target);
}

template <int kSignal>
void until_signal(const Case& c) {
  late<Where::First, 'x', 10>(c);
  if (kSignal == SIGABRT) std::abort();
  raise(kSignal);
}

constexpr Variant kVariants[] = {
    {"at_once", "HK102", "plain", "all", "af", 0, late<Where::First, 'x', 0>},
    {"at_once_last", "HK102", "plain", "all", "af", 0, late<Where::Last, 'x', 0>},
    {"zero", "HK102", "plain", "all", "af", 0, late<Where::Middle, '\0', 0>},
    {"after_10", "HK102", "plain", "all", "af", 0, late<Where::First, 'x', 10>},
    {"after_1000", "HK102", "plain", "all", "af", 0, late<Where::Last, '\0', 1000>},
    {"after_100000", "HK102", "plain", "all", "af", 0, late<Where::Middle, 'x', 100000>},
    {"after_large", "HK102", "plain", "all", "af", 0, late_large_others},
    {"by_thread", "HK102", "plain", "all", "af", 0, written_by_thread},
    {"freed_by_thread", "HK102", "plain", "all", "af", 0, freed_by_thread},
    {"reused", "HK102", "plain", "all", "af", 0, reused},
    {"owner_gone", "HK102", "plain", "some", "af", 0, owner_gone},
    {"new", "HK102", "plain", "small", "af", 0, with_new},
    {"moved", "HK102", "plain", "small", "af", 0, moved},
    {"link", "HK102", "plain", "small", "af", 0, link<'x'>},
    {"link_zero", "HK102", "plain", "small", "af", 0, link<'\0'>},
    {"until_abort", "HK102", "plain", "some", "af", -SIGABRT, until_signal<SIGABRT>},
    {"until_term", "HK102", "plain", "some", "af", -SIGTERM, until_signal<SIGTERM>},
    {"page", "HK109", "after", "some", "af", 0, late<Where::First, 'x', 0>},
    {"page_late", "HK109", "before", "some", "af", 0, late<Where::First, 'x', 1000>},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
