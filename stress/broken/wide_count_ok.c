// Correct twin of wide_count.c: the size in bytes.
#include <stdlib.h>
#include <wchar.h>

static __attribute__((noinline)) wchar_t* copy_of(const wchar_t* text) {
  wchar_t* copy = malloc((wcslen(text) + 1) * sizeof *copy);
  return wcscpy(copy, text);
}

int main(void) {
  free(copy_of(L"wide"));
  return 0;
}
