// Correct twin of sprintf_room.c: snprintf, told of more room than there is, and text that fits.
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void label(char* out, int number) {
  snprintf(out, 64, "item %d", number);
}

int main(void) {
  char* out = malloc(10);
  for (volatile int number = 999; number < 10000; number += 9000) label(out, number);
  free(out);
  return 0;
}
