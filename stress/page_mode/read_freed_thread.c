// HK109 in page mode: another thread reads a block that was freed.
#include <pthread.h>
#include <stdlib.h>

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

static __attribute__((noinline)) void drop(char* block) {
  free(block);  // FREED
}

static __attribute__((noinline)) int first_of(const volatile char* block) {
  return block[0];  // BUG
}

static void* reader(void* block) {
  return first_of(block) == 77 ? block : NULL;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  pthread_t thread;
  void* result;
  char* volatile kept = make(bytes);
  drop(kept);
  pthread_create(&thread, NULL, reader, kept);
  pthread_join(thread, &result);
  return result != NULL;
}
