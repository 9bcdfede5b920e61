// HK109 in page mode: a block is read after 100 000 others were freed behind it.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void drop(char* block) {
  free(block);  // FREED
}

static __attribute__((noinline)) int first_of(const volatile char* block) {
  return block[0];  // BUG
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* volatile kept = make(bytes);
  drop(kept);
  for (int i = 0; i < 100000; ++i) free(malloc(32));
  return first_of(kept) == 77;
}
