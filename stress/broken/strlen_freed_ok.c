// Correct twin of strlen_freed.c: read first, freed then.
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) size_t length(const char* text) {
  return strlen(text);
}

int main(void) {
  char* text = malloc(16);
  strcpy(text, "fifteen letters");
  const size_t letters = length(text);
  free(text);
  return letters != 15;
}
