// Correct twin of read_nothing.c: nothing is read of malloc(0).
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  return malloc(bytes);
}

static __attribute__((noinline)) int first_of(const volatile char* text) {
  return text[0];
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  const int first = bytes == 0 ? 0 : first_of(text);
  free(text);
  return first == 77;
}
