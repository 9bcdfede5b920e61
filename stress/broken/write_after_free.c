// HK102: a connection is freed one statement too early.
#include <stdlib.h>

struct Connection { int socket, pending, closed; };

static __attribute__((noinline)) void mark_closed(volatile struct Connection* connection) {
  connection->closed = 1;
}

int main(void) {
  struct Connection* connection = calloc(1, sizeof *connection);
  struct Connection* volatile kept = connection;
  free(connection);  // BUG: still in use
  mark_closed(kept);
  return 0;
}
