// HK111: characters were counted where bytes are meant.
#include <stdlib.h>
#include <wchar.h>

static __attribute__((noinline)) wchar_t* copy_of(const wchar_t* text) {
  wchar_t* copy = malloc(wcslen(text) + 1);
  return wcscpy(copy, text);  // BUG: each character has 4 bytes
}

int main(void) {
  free(copy_of(L"wide"));
  return 0;
}
