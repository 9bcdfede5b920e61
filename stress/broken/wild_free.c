// HK106: a field that was never set is freed.
#include <stdint.h>
#include <stdlib.h>

struct Job { uintptr_t state; void* data; };

static __attribute__((noinline)) void finish(volatile struct Job* job) {
  free(job->data);  // BUG: data was never set
  job->data = NULL;
}

int main(void) {
  volatile struct Job job = {1, (void*)(uintptr_t)0x00007a5a5a5a5a50};
  finish(&job);
  return 0;
}
