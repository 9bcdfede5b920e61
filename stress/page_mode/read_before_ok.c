// Correct twin of read_before.c: the trimming stops at the start.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) size_t trimmed(const volatile char* text, size_t end) {
  while (end != 0 && text[end - 1] == ' ') --end;
  return end;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  for (size_t i = 0; i < bytes; ++i) text[i] = ' ';
  const size_t length = trimmed(text, bytes);
  free(text);
  return length == 1;
}
