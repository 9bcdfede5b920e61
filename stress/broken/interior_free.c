// HK105: the cursor is freed, not the start of the buffer.
#include <stdlib.h>

static __attribute__((noinline)) char* skip_blanks(char* text) {
  while (*text == ' ') ++text;
  return text;
}

int main(void) {
  char* line = malloc(48);
  for (int i = 0; i < 48; ++i) ((volatile char*)line)[i] = i < 16 ? ' ' : 'x';
  char* cursor = skip_blanks(line);
  free(cursor);  // BUG: line is what malloc returned
  return 0;
}
