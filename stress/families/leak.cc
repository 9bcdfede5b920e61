// Blocks that nothing points to when the process ends (HK120), with the search for them on.
#include "family.h"

namespace family {
namespace {

char* volatile kept;

/// Frames below are used again, so that no stale pointer lies in them.
FAMILY_NOINLINE void scrub_stack() {
  volatile char bytes[8192];
  for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = 0;
}

FAMILY_NOINLINE void lose(const Case& c) {
  char* const block = allocate_block(c.bytes);
  if (c.broken) return;
  kept = block;
}

void lost(const Case& c) {
  lose(c);
  scrub_stack();
}

void overwritten(const Case& c) {
  kept = allocate_block(c.bytes);
  if (!c.broken) free_block(kept);
  kept = allocate_block(16);
  scrub_stack();
}

/// The head of a chain is lost: its end is found with it.
FAMILY_NOINLINE void chain(const Case& c) {
  char* const last = allocate_block(c.bytes);
  char** const head = reinterpret_cast<char**>(allocate_block(sizeof(char*)));
  *head = last;
  if (!c.broken) kept = reinterpret_cast<char*>(head);
}

void lost_chain(const Case& c) {
  chain(c);
  scrub_stack();
}

void lost_by_thread(const Case& c) {
  on_other_thread([&] { lost(c); });
  scrub_stack();
}

constexpr Variant kVariants[] = {
    {"lost", "HK120", "leaks", "all", "a", 0, lost},
    {"overwritten", "HK120", "leaks", "all", "a", 0, overwritten},
    {"chain", "HK120", "leaks", "some", "a", 0, lost_chain},
    {"thread", "HK120", "leaks", "some", "a", 0, lost_by_thread},
};

}  // namespace
}  // namespace family

int main(int count, char** arguments) {
  return family::main_of(family::kVariants, count, arguments);
}
