// Correct twin of underflow.c: there is a byte to cut off.
#include <stdlib.h>

static __attribute__((noinline)) char* cut_last(volatile char* text, int length) {
  text[length - 1] = '\0';
  return (char*)text;
}

int main(void) {
  char* line = calloc(1, 32);
  free(cut_last(line, 1));
  return 0;
}
