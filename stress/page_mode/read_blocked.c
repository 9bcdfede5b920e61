// HK109 in page mode: a thread that blocks every signal, as workers do, reads one byte too far.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

struct Text {
  char* begin;
  size_t bytes;
};

static void* worker(void* argument) {
  const struct Text* text = argument;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  int sum = 0;
  for (size_t i = 0; i <= text->bytes; ++i) sum += ((volatile char*)text->begin)[i];  // BUG
  return sum == 1 << 30 ? argument : NULL;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  struct Text text = {make(bytes), bytes};
  pthread_t thread;
  void* result;
  pthread_create(&thread, NULL, worker, &text);
  pthread_join(thread, &result);
  free(text.begin);
  return result != NULL;
}
