// Correct twin of wild_free.c: the field is set.
#include <stdint.h>
#include <stdlib.h>

struct Job { uintptr_t state; void* data; };

static __attribute__((noinline)) void finish(volatile struct Job* job) {
  free(job->data);
  job->data = NULL;
}

int main(void) {
  volatile struct Job job = {1, malloc(40)};
  finish(&job);
  return 0;
}
