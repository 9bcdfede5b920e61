// HK111: a number with more digits than there is room for.
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void label(char* out, int number) {
  sprintf(out, "item %d", number);  // BUG: 10 bytes for 9999
}

int main(void) {
  char* out = malloc(9);
  for (volatile int number = 999; number < 10000; number += 9000) label(out, number);
  free(out);
  return 0;
}
