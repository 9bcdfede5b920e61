// The printf family, narrow and wide.
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "cases.h"

static void print(char* to, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsprintf(to, format, arguments);
  va_end(arguments);
}
static void print_limited(char* to, size_t n, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(to, n, format, arguments);
  va_end(arguments);
}
static void print_wide(wchar_t* to, size_t n, const wchar_t* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vswprintf(to, n, format, arguments);
  va_end(arguments);
}

static void print_stream(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stdout, format, arguments);
  va_end(arguments);
}
static void print_new(const char* format, ...) {
  char* made = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&made, format, arguments) >= 0) free(made);
  va_end(arguments);
}
int __printf_chk(int, const char*, ...);
int __fprintf_chk(FILE*, int, const char*, ...);

// A limit far beyond the block is legal while the text fits.
#define FAR ((size_t)1 << 24)

#define CASES(_)                                                                             \
  _(sprintf_w, sprintf, 0, sprintf(c->p, "%s", c->a))                                        \
  _(sprintf_number_w, sprintf, 0, sprintf(c->p, "%*d", (int)(c->n + c->x - 1), 7))           \
  _(vsprintf_w, vsprintf, 0, print(c->p, "%s", c->a))                                        \
  _(snprintf_w, snprintf, 0, snprintf(c->p, c->n + c->x, "%s", c->a))                        \
  _(snprintf_far_w, snprintf, 0, snprintf(c->p, FAR, "%s", c->a))                            \
  _(vsnprintf_w, vsnprintf, 0, print_limited(c->p, c->n + c->x, "%s", c->a))                 \
  _(swprintf_w, swprintf, 1, swprintf(c->wp, c->wn + c->x, L"%ls", c->wa))                   \
  _(swprintf_far_w, swprintf, 1, swprintf(c->wp, FAR, L"%ls", c->wa))                        \
  _(sprintf_r, sprintf, 0, sprintf(c->out, "%d %s", 1, text(c)))                             \
  _(sprintf_limit_r, sprintf, 0, sprintf(c->out, "%.*s", (int)(c->n + c->x), c->p))          \
  _(snprintf_r, snprintf, 0, snprintf(c->out, 4, "%.1f %s", 1.0, text(c)))                   \
  _(snprintf_nothing_r, snprintf, 0, snprintf(NULL, 0, "%s", text(c)))                       \
  _(swprintf_r, swprintf, 1, swprintf(c->wout, 4, L"%ls", wide_text(c)))                     \
  _(printf_r, printf, 0, printf("%s", text(c)))                                              \
  _(printf_chk_r, printf, 0, __printf_chk(1, "%s", text(c)))                                 \
  _(printf_limit_r, printf, 0, printf("%.*s", (int)(c->n + c->x), c->p))                     \
  _(printf_wide_r, printf, 1, printf("%ls", wide_text(c)))                                   \
  _(fprintf_r, fprintf, 0, fprintf(stdout, "%d %s", 1, text(c)))                             \
  _(fprintf_chk_r, fprintf, 0, __fprintf_chk(stdout, 1, "%s", text(c)))                      \
  _(vfprintf_r, vfprintf, 0, print_stream("%Lf %s", 1.0L, text(c)))                          \
  _(vasprintf_r, vasprintf, 0, print_new("%s", text(c)))                                     \
  _(dprintf_r, dprintf, 0, dprintf(-1, "%s", text(c)))                                       \
  _(vswprintf_w, vswprintf, 1, print_wide(c->wp, FAR, L"%ls", c->wa))

CASES(CASE)
const struct Case printf_cases[] = {CASES(ROW){0, 0, 0, 0}};
