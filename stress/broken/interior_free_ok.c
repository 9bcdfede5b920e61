// Correct twin of interior_free.c: the start of the buffer is freed.
#include <stdlib.h>

static __attribute__((noinline)) char* skip_blanks(char* text) {
  while (*text == ' ') ++text;
  return text;
}

int main(void) {
  char* line = malloc(48);
  for (int i = 0; i < 48; ++i) ((volatile char*)line)[i] = i < 16 ? ' ' : 'x';
  char* volatile cursor = skip_blanks(line);
  free(line);
  return cursor == NULL;
}
