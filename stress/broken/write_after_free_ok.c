// Correct twin of write_after_free.c: written first, freed last.
#include <stdlib.h>

struct Connection { int socket, pending, closed; };

static __attribute__((noinline)) void mark_closed(volatile struct Connection* connection) {
  connection->closed = 1;
}

int main(void) {
  struct Connection* connection = calloc(1, sizeof *connection);
  struct Connection* volatile kept = connection;
  mark_closed(kept);
  free(connection);
  return 0;
}
