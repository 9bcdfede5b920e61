// One library call on one heap block, correct or wrong by one character.
//   lib_calls CASE SIZE broken    touches one character too many of a block of SIZE bytes
//   lib_calls CASE SIZE freed     the correct call, on a block that was freed
//   lib_calls all                 the correct call of every case, at every size: silent
//   lib_calls list                every case and the function it calls
// Run by run_lib_calls.py with the level's library preloaded. Texts that are not the subject lie in
// static memory. Nothing here calls a function under test but the case itself.
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "cases.h"

enum { kSizeMax = 4 << 20, kSlack = 64 };

volatile size_t sink;

static char source[kSizeMax + kSlack], target[kSizeMax + kSlack];
static wchar_t wide_source[kSizeMax / sizeof(wchar_t) + kSlack];
static wchar_t wide_target[kSizeMax / sizeof(wchar_t) + kSlack];
static const struct Case* const kTables[] = {narrow_cases, wide_cases, printf_cases,
                                             fortified_cases};
static const size_t kTableCount = sizeof kTables / sizeof kTables[0];
static const size_t kSizes[] = {13, 100, 1024, 5000, 70000, 1000001, 4000000};

static void fill(struct Call* c) {
  const size_t length = c->n + c->x - 1, wide_length = c->wn + c->x - 1;
  for (size_t i = 0; i < length; ++i) source[i] = 'a';
  source[length] = '\0';
  for (size_t i = 0; i < wide_length; ++i) wide_source[i] = L'a';
  wide_source[wide_length] = L'\0';
  c->a = source;
  c->out = target;
  c->wa = wide_source;
  c->wout = wide_target;
}

static void run(const struct Case* one, size_t bytes, size_t extra, int freed) {
  void* const block = malloc(bytes);
  struct Call c = {.p = block, .n = bytes, .x = extra, .wp = block,
                   .wn = bytes / sizeof(wchar_t)};
  if (one->wide) {
    for (size_t i = 0; i < c.wn; ++i) c.wp[i] = L'a';
  } else {
    for (size_t i = 0; i < c.n; ++i) c.p[i] = 'a';
  }
  fill(&c);
  if (freed) free(block);
  one->run(&c);
  if (!freed) free(block);
}

static int same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

static void run_all(void) {
  for (size_t t = 0; t < kTableCount; ++t) {
    for (const struct Case* one = kTables[t]; one->name != NULL; ++one) {
      for (size_t i = 0; i < sizeof kSizes / sizeof kSizes[0]; ++i) run(one, kSizes[i], 0, 0);
    }
  }
}

static int run_one(char** arguments) {
  const size_t bytes = (size_t)atol(arguments[2]);
  const int freed = same(arguments[3], "freed");
  if (bytes < kSlack / 8 || bytes > kSizeMax) return 2;
  for (size_t t = 0; t < kTableCount; ++t) {
    for (const struct Case* one = kTables[t]; one->name != NULL; ++one) {
      if (!same(one->name, arguments[1])) continue;
      run(one, bytes, freed ? 0 : 1, freed);
      return 0;
    }
  }
  return 2;
}

int main(int count, char** arguments) {
  const int lists = count == 2 && same(arguments[1], "list");
  // What is printed is not the subject.
  if (!lists && freopen("/dev/null", "w", stdout) == NULL) return 2;
  if (count == 4) return run_one(arguments);
  if (count != 2) return 2;
  if (same(arguments[1], "all")) {
    run_all();
    return 0;
  }
  for (size_t t = 0; t < kTableCount; ++t) {
    for (const struct Case* one = kTables[t]; one->name != NULL; ++one) {
      printf("%s %s\n", one->name, one->function);
    }
  }
  return 0;
}
