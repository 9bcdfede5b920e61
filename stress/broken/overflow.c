// HK103: the closing NUL goes one byte past the block.
#include <stdlib.h>

static __attribute__((noinline)) char* put_text(volatile char* out, int length) {
  for (int i = 0; i < length; ++i) out[i] = (char)('a' + i % 26);
  out[length] = '\0';
  return (char*)out;
}

int main(void) {
  char* name = malloc(20);
  free(put_text(name, 20));  // BUG: 20 letters and a NUL
  return 0;
}
