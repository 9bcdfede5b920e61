// HK110: a list is cleared, then grown through the pointer that was freed.
#include <stdlib.h>

static int* volatile items;

static __attribute__((noinline)) void grow(size_t count) {
  items = realloc(items, count * sizeof *items);  // BUG: clear() left the old pointer here
}

static __attribute__((noinline)) void clear(void) { free(items); }

int main(void) {
  grow(10);
  clear();
  grow(100);
  return 0;
}
