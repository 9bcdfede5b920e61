// A library whose IFUNC resolver calls library functions: that happens while the loader relocates,
// before a preloaded library is itself relocated.
#include <stddef.h>
#include <string.h>
#include <wchar.h>

static int chosen(void) { return 42; }
static int wrong(void) { return 1; }

// Volatile: the compiler must not know the answers.
static const char* volatile text = "resolver";
static const wchar_t* volatile wide = L"wide";

typedef int (*Function)(void);

static Function resolve(void) {
  char copy[16];
  memset(copy, 0, sizeof copy);
  memcpy(copy, text, strlen(text));
  const int right = strcmp(copy, text) == 0 && strncmp(copy, "res", 3) == 0 &&
                    strchr(copy, 'v') == copy + 5 && strstr(copy, "sol") == copy + 2 &&
                    memchr(copy, 'l', 8) == copy + 4 && memcmp(copy, text, 8) == 0 &&
                    wcslen(wide) == 4 && strcspn(copy, "v") == 5;
  return right ? chosen : wrong;
}

int hakmem_stress_resolved(void) __attribute__((ifunc("resolve")));
