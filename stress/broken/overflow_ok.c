// Correct twin of overflow.c: room for the closing NUL.
#include <stdlib.h>

static __attribute__((noinline)) char* put_text(volatile char* out, int length) {
  for (int i = 0; i < length; ++i) out[i] = (char)('a' + i % 26);
  out[length] = '\0';
  return (char*)out;
}

int main(void) {
  char* name = malloc(20);
  free(put_text(name, 19));
  return 0;
}
