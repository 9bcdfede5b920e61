// A program with a malloc of its own, which every library in the process then uses: what strdup
// returns must come from it, since it goes back to it.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { kArenaBytes = 1 << 20, kAlign = 16 };

static _Alignas(kAlign) char arena[kArenaBytes];
static size_t used;
static int foreign;

void* malloc(size_t bytes) {
  void* const block = arena + used;
  used += (bytes + kAlign) / kAlign * kAlign;
  return used <= kArenaBytes ? block : NULL;
}
void free(void* block) {
  const char* const at = block;
  if (at != NULL && (at < arena || at >= arena + kArenaBytes)) foreign = 1;
}
void* calloc(size_t count, size_t size) { return malloc(count * size); }
void* realloc(void* block, size_t bytes) {
  char* const moved = malloc(bytes);
  const char* const from = block;
  for (size_t i = 0; from != NULL && i < bytes && from + i < arena + used; ++i) moved[i] = from[i];
  return moved;
}

int main(void) {
  char* const narrow = strdup("text");
  char* const part = strndup("text", 2);
  wchar_t* const wide = wcsdup(L"text");
  const int right = strcmp(narrow, "text") == 0 && strcmp(part, "te") == 0 &&
                    wcscmp(wide, L"text") == 0;
  free(narrow);
  free(part);
  free(wide);
  return !right || foreign;
}
