// Correct twin of realloc_freed.c: clear() forgets the pointer.
#include <stdlib.h>

static int* volatile items;

static __attribute__((noinline)) void grow(size_t count) {
  items = realloc(items, count * sizeof *items);
}

static __attribute__((noinline)) void clear(void) { free(items); items = NULL; }

int main(void) {
  grow(10);
  clear();
  grow(100);
  clear();
  return 0;
}
