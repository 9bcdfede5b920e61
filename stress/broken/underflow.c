// HK104: cutting blanks off the end of an empty text runs over its start.
#include <stdlib.h>

static __attribute__((noinline)) char* cut_last(volatile char* text, int length) {
  text[length - 1] = '\0';
  return (char*)text;
}

int main(void) {
  char* line = calloc(1, 32);
  free(cut_last(line, 0));  // BUG: nothing there to cut
  return 0;
}
