// Correct twin of double_free.c: the copy has a text of its own.
#include <stdlib.h>

struct Message { char* text; };

static __attribute__((noinline)) void destroy(struct Message* message) {
  free(message->text);
  message->text = NULL;
}

int main(void) {
  struct Message first = {malloc(24)};
  struct Message second = {malloc(24)};
  destroy(&first);
  destroy(&second);
  return 0;
}
