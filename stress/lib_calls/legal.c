// What looks wrong and is not: limits beyond the block that are never reached, ranges of no bytes,
// overlap, %n, a target that is its own argument, text in a locale. Each answer is compared with
// what the standard says; a report or a wrong answer is a failure.
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#define HUGE ((size_t)-1 / 2)

static int failures;

#define EXPECT(condition)                                          \
  do {                                                             \
    if (condition) break;                                          \
    ++failures;                                                    \
    printf("FAIL line %d: %s\n", __LINE__, #condition);            \
  } while (0)

static char* block_of(const char* characters, size_t n) {
  char* const block = malloc(n);
  for (size_t i = 0; i < n; ++i) block[i] = characters[i];
  return block;
}

static void searches(void) {
  char* const t = block_of("abc", 4);
  EXPECT(memchr(t, 'b', HUGE) == t + 1);
  EXPECT(memchr(t, 'b', (size_t)-1) == t + 1);
  EXPECT(strnlen(t, HUGE) == 3 && strnlen(t, (size_t)-1) == 3);
  EXPECT(strncmp(t, "abd", HUGE) < 0 && strncmp(t, "abc", HUGE) == 0);
  EXPECT(strncasecmp(t, "ABC", HUGE) == 0);
  EXPECT(strndup(t, 0) != NULL);
  EXPECT(strchr(t, 'c') == t + 2 && strchr(t, '\0') == t + 3 && strchr(t, 'd') == NULL);
  EXPECT(strchr(t, 'b' + 256) == t + 1);
  EXPECT(strchrnul(t, 'x') == t + 3 && strrchr(t, '\0') == t + 3);
  EXPECT(strstr(t, "") == t && strstr(t, "bc") == t + 1 && strstr(t, "bcd") == NULL);
  EXPECT(strspn(t, "") == 0 && strcspn(t, "") == 3 && strpbrk(t, "xc") == t + 2);
  EXPECT(memccpy(t, "x\0yz", '\0', HUGE) == t + 2 && t[1] == '\0');
  free(t);
  // Without a NUL, and still legal: the answer lies inside.
  char* const open = block_of("abc", 3);
  EXPECT(strncmp(open, "abcd", 3) == 0 && strcmp(open, "abd") < 0 && strcmp("b", open) > 0);
  EXPECT(strchr(open, 'c') == open + 2 && strstr(open, "bc") == open + 1);
  EXPECT(strnlen(open, 3) == 3 && memchr(open, 'c', 99) == open + 2);
  EXPECT(memmem(open, 3, "c", 1) == open + 2 && memmem(open, 3, "abcd", 4) == NULL);
  char two[8];
  EXPECT(strncpy(two, open, 3) == two && memcmp(two, "abc", 3) == 0);
  free(open);
}

static void nothing(void) {
  char* const t = block_of("abc", 3);
  EXPECT(memcpy(t + 3, t + 3, 0) == t + 3 && memset(t + 3, 1, 0) == t + 3);
  EXPECT(memcmp(t + 3, t, 0) == 0 && memchr(t + 3, 'x', 0) == NULL);
  EXPECT(strncmp(t + 3, "x", 0) == 0 && strnlen(t + 3, 0) == 0);
  EXPECT(snprintf(t + 3, 0, "%d", 12345) == 5 && snprintf(NULL, 0, "%s", "abc") == 3);
  free(t);
  char* const gone = malloc(0);
  EXPECT(memmove(gone, "x", 0) == gone);
  free(gone);
}

static void copies(void) {
  char* t = block_of("0123456789", 10);
  EXPECT(memcpy(t, t, 10) == t && memmove(t + 1, t, 9) == t + 1 && t[9] == '8');
  free(t);
  t = calloc(10, 1);
  EXPECT(stpncpy(t, "ab", 10) == t + 2 && stpncpy(t, "0123456789", 10) == t + 10);
  EXPECT(strncpy(t, "abc", 10) == t && t[9] == '\0');
  EXPECT(strncat(t, "defghijkl", 6) == t && strcmp(t, "abcdefghi") == 0);
  EXPECT(malloc_usable_size(t) == 10 && memset(t, 0, malloc_usable_size(t)) == t);
  free(t);
}

static void prints(void) {
  char* const t = malloc(8);
  int written = -1, saved = EBADF;
  EXPECT(snprintf(t, HUGE, "%d%n", 1234, &written) == 4 && written == 4);
  EXPECT(sprintf(t, "%s", "1234567") == 7 && sprintf(t, "%.3s", "12345678") == 3);
  strcpy(t, "ab");
  EXPECT(sprintf(t, "%s%d", t, 17) == 4 && strcmp(t, "ab17") == 0);
  EXPECT(snprintf(t, 3, "%s", "12345678") == 8 && strcmp(t, "12") == 0);
  EXPECT(sprintf(t, "%2$s%1$s", "b", "a") == 2 && strcmp(t, "ab") == 0);
  char* const big = malloc(64);
  errno = saved;
  char expected[64];
  const char* const message = strerror(saved);
  EXPECT((size_t)sprintf(big, "%m") == strlen(message) && strcmp(big, message) == 0);
  EXPECT(errno == saved && snprintf(expected, sizeof expected, "%m") > 0);
  free(big);
  free(t);
  wchar_t* const w = malloc(8 * sizeof *w);
  EXPECT(swprintf(w, 4096, L"%d", 1234567) == 7 && wcscmp(w, L"1234567") == 0);
  EXPECT(swprintf(w, 8, L"%d", 12345678) == -1);
  EXPECT(swprintf(w, 4096, L"%s", "\xff\xff") == -1 && errno == EILSEQ);
  EXPECT(wcsncmp(w, w, HUGE) == 0 || w[0] != L'\0');
  free(w);
}

static void locales(void) {
  if (setlocale(LC_ALL, "C.UTF-8") == NULL) return;
  char* const t = malloc(4);
  EXPECT(sprintf(t, "%lc", (wint_t)0x20ac) == 3 && strcmp(t, "\xe2\x82\xac") == 0);
  wchar_t* const w = malloc(2 * sizeof *w);
  EXPECT(swprintf(w, 99, L"%s", "\xe2\x82\xac") == 1 && w[0] == 0x20ac);
  EXPECT(wcscasecmp(L"\u00c4", L"\u00e4") == 0);
  free(w);
  free(t);
}

int main(void) {
  searches();
  nothing();
  copies();
  prints();
  locales();
  return failures != 0;
}
