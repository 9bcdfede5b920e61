// Correct twin of read_freed_late.c: the block is freed last.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void drop(char* block) {
  free(block);
}

static __attribute__((noinline)) int first_of(const volatile char* block) {
  return block[0];
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* volatile kept = make(bytes);
  for (int i = 0; i < 100000; ++i) free(malloc(32));
  const int first = first_of(kept);
  drop(kept);
  return first == 77;
}
