// HK109 in page mode: the first byte of malloc(0) is read.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  return malloc(bytes);  // ALLOCATED
}

static __attribute__((noinline)) int first_of(const volatile char* text) {
  return text[0];  // BUG
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  const int first = first_of(text);
  free(text);
  return first == 77;
}
