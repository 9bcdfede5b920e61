// HK109 in page mode: a block is written right after it was freed.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void drop(char* block) {
  free(block);  // FREED
}

static __attribute__((noinline)) int close_it(volatile char* block) {
  block[0] = 1;  // BUG
  return 0;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* volatile kept = make(bytes);
  drop(kept);
  return close_it(kept);
}
