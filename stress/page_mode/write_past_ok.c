// Correct twin of write_past.c: the loop ends at the last byte.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void fill(volatile char* out, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out[i] = ' ';
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  fill(text, bytes);
  free(text);
  return 0;
}
