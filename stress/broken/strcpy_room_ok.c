// Correct twin of strcpy_room.c: room for the closing NUL.
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char* copy_of(const char* text, size_t bytes) {
  return strcpy(malloc(bytes), text);
}

int main(int count, char** arguments) {
  char text[] = "thirteen bytes";
  text[12 + count] = '\0';
  free(copy_of(text, strlen(text) + 1));
  return arguments == NULL;
}
