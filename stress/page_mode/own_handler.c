// HK109 in page mode: a program with a SIGSEGV handler reads past its block.
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf recovery;

static void recover(int signal) {
  siglongjmp(recovery, signal);
}

/* A probe, as garbage collectors and interpreters have them: may this address be read? */
static __attribute__((noinline)) int is_readable(const volatile char* address) {
  struct sigaction action = {.sa_handler = recover};
  struct sigaction before;
  int readable = 0;
  sigaction(SIGSEGV, &action, &before);
  if (sigsetjmp(recovery, 1) == 0) readable = *address == *address;  // BUG
  sigaction(SIGSEGV, &before, NULL);
  return readable;
}

static __attribute__((noinline)) char* make(size_t bytes) {
  char* block = malloc(bytes);  // ALLOCATED
  for (size_t i = 0; i < bytes; ++i) ((volatile char*)block)[i] = (char)i;
  return block;
}

int main(int count, char** arguments) {
  const size_t bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 13;
  char* text = make(bytes);
  const int own = is_readable(text) && !is_readable((char*)16);
  const int status = is_readable(text + bytes);
  free(text);
  return own ? status : 3;
}
