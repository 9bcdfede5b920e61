// Correct twin of leak.c: the previous table is freed; the last one stays reachable.
#include <stdlib.h>
#include <string.h>

static char* volatile table;

static __attribute__((noinline)) void load(int bytes) {
  free(table);
  table = malloc((size_t)bytes);
  memset(table, bytes, (size_t)bytes);
}

int main(void) {
  for (int i = 0; i < 8; ++i) load(1000);
  return 0;
}
