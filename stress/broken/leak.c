// HK120: of each table the previous one is forgotten.
#include <stdlib.h>
#include <string.h>

static char* volatile table;

static __attribute__((noinline)) void load(int bytes) {
  table = malloc((size_t)bytes);  // BUG: the old table is lost
  memset(table, bytes, (size_t)bytes);
}

int main(void) {
  for (int i = 0; i < 8; ++i) load(1000);
  free(table);
  table = NULL;
  return 0;
}
