/* Makes the heap errors that its arguments name, each as often as `=N` says, and then goes on as if
 * nothing had been: prints "done" and ends with 7. Called by run_options.py, which runs it with
 * halt_on_error=0, suppressions and the like. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SIZE = 48 };

static char *volatile kept;

static __attribute__((noinline)) void free_again(char *block) { free(block); }

static void double_free(void) {
  char *block = malloc(SIZE);
  char *other = malloc(SIZE);
  free(block);
  free_again(block);
  free(other);
}

static void interior_free(void) {
  char *block = malloc(SIZE);
  memset(block, 0, SIZE);
  free(block + 16);
  free(block);
}

static void wild_free(void) { free((char *)(uintptr_t)4096); }

static void realloc_freed(void) {
  char *block = malloc(SIZE);
  char *other = malloc(SIZE);
  free(block);
  free(other);
  if (realloc((char *)(uintptr_t)8192, 96) != NULL) printf("a wild realloc gave a block\n");
}

static void overflow(void) {
  char *block = malloc(SIZE - 8);
  block[SIZE - 8] = 1;
  free(block);
}

static void header(void) {
  char *block = malloc(SIZE);
  block[-1] = 1;
  free(block);
}

/* Writes over the link of a free block, wherever the level keeps it. */
static void link_write(void) {
  char *blocks[8];
  for (int i = 0; i < 8; ++i) blocks[i] = malloc(SIZE);
  for (int i = 0; i < 8; ++i) free(blocks[i]);
  memset(blocks[6], 0x11, SIZE - 16);
  for (int i = 0; i < 8; ++i) blocks[i] = malloc(SIZE);
  for (int i = 0; i < 8; ++i) memset(blocks[i], i, SIZE);
  for (int i = 0; i < 8; ++i) {
    if (blocks[i][0] != i || blocks[i][SIZE - 1] != i) printf("block %d changed\n", i);
    free(blocks[i]);
  }
}

static void write_freed(void) {
  char *block = malloc(200);
  free(block);
  block[50] = 1;
}

static void copy_past(void) {
  char *block = malloc(SIZE - 8);
  static const char text[SIZE] = "a text";
  memcpy(block, text, SIZE - 4);
  free(block);
}

static void broken_at_exit(void) {
  kept = malloc(SIZE - 8);
  kept[SIZE - 8] = 1;
}

static void leak(void) {
  kept = malloc(123);
  kept = NULL;
}

static pthread_barrier_t barrier;

static void *many_double_frees(void *unused) {
  (void)unused;
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 20; ++i) double_free();
  return NULL;
}

/* All threads find something at the same time, again and again. */
static void threads(void) {
  pthread_t all[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; ++i) pthread_create(&all[i], NULL, many_double_frees, NULL);
  for (int i = 0; i < THREADS; ++i) pthread_join(all[i], NULL);
}

/* A child of a process that has found something has not found anything itself. */
static void clean_child(void) {
  int status = 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) exit(5);
  waitpid(child, &status, 0);
  printf("child %d\n", WEXITSTATUS(status));
}

static const struct {
  const char *name;
  void (*make)(void);
} errors[] = {
    {"double_free", double_free}, {"interior_free", interior_free},
    {"wild_free", wild_free},     {"realloc_freed", realloc_freed},
    {"overflow", overflow},       {"header", header},
    {"link_write", link_write},   {"write_freed", write_freed},
    {"copy_past", copy_past},     {"broken_at_exit", broken_at_exit},
    {"leak", leak},               {"threads", threads},
    {"clean_child", clean_child},
};

int main(int argc, char **argv) {
  for (int a = 1; a < argc; ++a) {
    const char *equals = strchr(argv[a], '=');
    const size_t length = equals != NULL ? (size_t)(equals - argv[a]) : strlen(argv[a]);
    const int times = equals != NULL ? atoi(equals + 1) : 1;
    int known = 0;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; ++i) {
      if (strlen(errors[i].name) != length || strncmp(errors[i].name, argv[a], length) != 0) {
        continue;
      }
      known = 1;
      for (int n = 0; n < times; ++n) errors[i].make();
    }
    if (!known) return 99;
  }
  /* The heap still works. */
  for (size_t size = 1; size < 5000; size += 7) {
    unsigned char *block = malloc(size);
    unsigned char *second = malloc(size);
    if (block == NULL || second == NULL) return 98;
    memset(block, 1, size);
    memset(second, 2, size);
    if (block[0] != 1 || block[size - 1] != 1) return 97;
    free(block);
    free(second);
  }
  printf("done\n");
  return 7;
}
