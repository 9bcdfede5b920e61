// Correct twin of memcpy_size.c: the block has room for what is copied.
#include <stdlib.h>
#include <string.h>

struct Message {
  size_t bytes;
  char text[40];
};

static __attribute__((noinline)) void take(char* out, const struct Message* message) {
  memcpy(out, message->text, message->bytes);
}

int main(int count, char** arguments) {
  const struct Message message = {.bytes = 20 + (size_t)count, .text = "longer than its block"};
  char* copy = malloc(message.bytes);
  take(copy, &message);
  free(copy);
  return arguments == NULL;
}
