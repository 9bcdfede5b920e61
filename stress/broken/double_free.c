// HK101: two owners of one buffer, both free it.
#include <stdlib.h>

struct Message { char* text; };

static __attribute__((noinline)) void destroy(struct Message* message) {
  free(message->text);
  message->text = NULL;
}

int main(void) {
  struct Message first = {malloc(24)};
  struct Message second = first;
  destroy(&first);
  destroy(&second);  // BUG: it shares the text of the first
  return 0;
}
