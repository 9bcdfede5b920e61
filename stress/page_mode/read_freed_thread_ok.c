// Correct twin of read_freed_thread.c: the thread is done before the block is freed.
#include <pthread.h>
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void drop(char* block) {
  free(block);
}

static __attribute__((noinline)) int first_of(const volatile char* block) {
  return block[0];
}

static void* reader(void* block) {
  return first_of(block) == 77 ? block : NULL;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  pthread_t thread;
  void* result;
  char* volatile kept = make(bytes);
  pthread_create(&thread, NULL, reader, kept);
  pthread_join(thread, &result);
  drop(kept);
  return result != NULL;
}
