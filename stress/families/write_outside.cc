// Writes past the end (HK103) and before the start (HK104) of a live block, found when it is freed
// or, of a block that never is, when the process ends.
#include <csignal>

#include "family.h"

namespace family {
namespace {

/// Writes `value` to `count` bytes from `offset` behind the block's end, or nothing.
void touch(const Case& c, char* block, std::ptrdiff_t offset, std::size_t count, char value) {
  if (!c.broken) return store(block + c.bytes - 1, value);
  for (std::size_t i = 0; i < count; ++i) {
    store(block + static_cast<std::ptrdiff_t>(c.bytes + i) + offset, value);
  }
}

template <std::size_t kCount, char kValue>
void past(const Case& c) {
  char* const block = allocate_block(c.bytes);
  touch(c, block, 0, kCount, kValue);
  free_block(block);
}

void past_last_of_slack(const Case& c) {
  char* const block = allocate_block(c.bytes);
  const std::size_t slack = (16 - c.bytes % 16) % 16;
  touch(c, block, slack == 0 ? 0 : static_cast<std::ptrdiff_t>(slack) - 1, 1, 'x');
  free_block(block);
}

FAMILY_NOINLINE char* allocate_zeroed(std::size_t bytes) {
  return static_cast<char*>(std::calloc(1, bytes));
}

FAMILY_NOINLINE char* allocate_resized(std::size_t bytes) {
  return static_cast<char*>(std::realloc(std::malloc(bytes / 2 + 1), bytes));
}

FAMILY_NOINLINE char* allocate_aligned(std::size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, 256, bytes) == 0 ? static_cast<char*>(block) : nullptr;
}

FAMILY_NOINLINE char* allocate_new(std::size_t bytes) { return new char[bytes]; }
FAMILY_NOINLINE void free_new(char* block) { delete[] block; }

template <char* (*kAllocate)(std::size_t)>
void past_of(const Case& c) {
  char* const block = kAllocate(c.bytes);
  touch(c, block, 0, 1, 'x');
  free_block(block);
}

void past_new(const Case& c) {
  char* const block = allocate_new(c.bytes);
  touch(c, block, 0, 1, '\0');
  free_new(block);
}

void past_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  on_other_thread([&] { touch(c, block, 0, 1, '\0'); });
  on_other_thread([&] { free_block(block); });
}

char* volatile kept_block;

/// A block that is never freed, and how the process ends.
void past_kept(const Case& c) {
  kept_block = allocate_block(c.bytes);
  touch(c, kept_block, 0, 1, '\0');
}

void past_kept_by_thread(const Case& c) {
  on_other_thread([&] { kept_block = allocate_block(c.bytes); });
  touch(c, kept_block, 0, 1, '\0');
}

template <int kSignal>
void past_kept_signal(const Case& c) {
  past_kept(c);
  if (kSignal == SIGABRT) std::abort();
  if (kSignal == SIGSEGV) store(opaque(static_cast<char*>(nullptr)), 'x');
  raise(kSignal);
}

template <std::size_t kDistance>
void before(const Case& c) {
  char* const block = allocate_block(c.bytes);
  store(c.broken ? block - kDistance : block, 'x');
  free_block(block);
}

void before_sixteen_bytes(const Case& c) {
  char* const block = allocate_block(c.bytes);
  for (int i = 1; i <= 16; ++i) store(c.broken ? block - i : block, '\0');
  free_block(block);
}

void before_by_thread(const Case& c) {
  char* const block = allocate_block(c.bytes);
  on_other_thread([&] { store(c.broken ? block - 1 : block, '\0'); });
  free_block(block);
}

void before_kept(const Case& c) {
  kept_block = allocate_block(c.bytes);
  store(c.broken ? kept_block - 1 : kept_block, 'x');
}

constexpr Variant kVariants[] = {
    {"past_1", "HK103", "plain", "all", "a", 0, past<1, 'x'>},
    {"past_1_zero", "HK103", "plain", "all", "a", 0, past<1, '\0'>},
    {"past_1_ff", "HK103", "plain", "small", "a", 0, past<1, '\xff'>},
    {"past_8", "HK103", "plain", "small", "a", 0, past<8, 'x'>},
    {"past_slack", "HK103", "plain", "all", "a", 0, past_last_of_slack},
    {"past_calloc", "HK103", "plain", "all", "a", 0, past_of<allocate_zeroed>},
    {"past_realloc", "HK103", "plain", "all", "a", 0, past_of<allocate_resized>},
    {"past_aligned", "HK103", "plain", "all", "a", 0, past_of<allocate_aligned>},
    {"past_new", "HK103", "plain", "small", "a", 0, past_new},
    {"past_thread", "HK103", "plain", "some", "a", 0, past_by_thread},
    {"past_kept", "HK103", "plain", "all", "a", 0, past_kept},
    {"past_kept_thread", "HK103", "plain", "some", "a", 0, past_kept_by_thread},
    {"past_kept_abort", "HK103", "plain", "some", "a", -SIGABRT, past_kept_signal<SIGABRT>},
    {"past_kept_segv", "HK103", "plain", "some", "a", -SIGSEGV, past_kept_signal<SIGSEGV>},
    {"past_kept_fpe", "HK103", "plain", "one", "a", -SIGFPE, past_kept_signal<SIGFPE>},
    {"past_kept_term", "HK103", "plain", "some", "a", -SIGTERM, past_kept_signal<SIGTERM>},
    {"past_kept_int", "HK103", "plain", "one", "a", -SIGINT, past_kept_signal<SIGINT>},
    {"before_1", "HK104", "plain", "all", "a", 0, before<1>},
    {"before_2", "HK104", "plain", "all", "a", 0, before<2>},
    {"before_8", "HK104", "plain", "small", "a", 0, before<8>},
    {"before_15", "HK104", "plain", "small", "a", 0, before<15>},
    {"before_16", "HK104", "plain", "all", "a", 0, before<16>},
    {"before_all_16", "HK104", "plain", "all", "a", 0, before_sixteen_bytes},
    {"before_thread", "HK104", "plain", "some", "a", 0, before_by_thread},
    {"before_kept", "HK104", "plain", "all", "a", 0, before_kept},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
