// HK111: a text is read after its block was freed.
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) size_t length(const char* text) {
  return strlen(text);  // BUG: freed
}

int main(void) {
  char* text = malloc(16);
  strcpy(text, "fifteen letters");
  free(text);
  return length(text) == 0;
}
