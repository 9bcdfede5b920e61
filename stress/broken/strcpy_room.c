// HK111: no room for the closing NUL.
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char* copy_of(const char* text, size_t bytes) {
  return strcpy(malloc(bytes), text);  // BUG: strlen(text) bytes
}

int main(int count, char** arguments) {
  char text[] = "thirteen bytes";
  text[12 + count] = '\0';
  free(copy_of(text, strlen(text)));
  return arguments == NULL;
}
