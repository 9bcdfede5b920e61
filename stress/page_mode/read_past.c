// HK109 in page mode: a loop reads one byte too far.
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) int sum_of(const volatile char* text, size_t from, size_t to) {
  int sum = 0;
  for (size_t i = from; i < to; ++i) sum += text[i];  // BUG
  return sum;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  const int sum = sum_of(text, 0, bytes + 1);
  free(text);
  return sum == 1 << 30;
}
