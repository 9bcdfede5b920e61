// Calls at odd moments: in an IFUNC resolver, before and after main(), in a signal handler, in a
// forked child, in a thread's last destructor. All are correct, so all are silent.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int hakmem_stress_resolved(void);

static volatile int calls;

static void use(void* ignored) {
  (void)ignored;
  char* const block = malloc(16);
  strcpy(block, "fifteen letters");
  char* const copy = strdup(block);
  calls += (int)strlen(copy) + snprintf(block, 16, "%d", calls);
  free(copy);
  free(block);
}

static char* shared_block;
static void on_signal(int number) {
  (void)number;
  memset(shared_block, 'x', 16);
  calls += (int)strnlen(shared_block, 16);
}

__attribute__((constructor(101))) static void before(void) { use(NULL); }
__attribute__((destructor(101))) static void after(void) { use(NULL); }

static void* in_thread(void* key) {
  pthread_setspecific(*(pthread_key_t*)key, key);
  use(NULL);
  return NULL;
}

int main(void) {
  if (hakmem_stress_resolved() != 42) return 1;
  shared_block = malloc(16);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  pthread_key_t key;
  pthread_key_create(&key, use);
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, &key);
  pthread_join(thread, NULL);
  const pid_t child = fork();
  if (child == 0) {
    use(NULL);
    raise(SIGUSR1);
    _exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  free(shared_block);
  return WIFEXITED(status) && WEXITSTATUS(status) == 3 ? 0 : 2;
}
