// wcs* and wmem*.
#define _GNU_SOURCE
#include <stdlib.h>
#include <wchar.h>

#include "cases.h"

#define NUMBER(expression) sink = (size_t)(expression)

#define CASES(_)                                                                             \
  _(wmemcpy_w, wmemcpy, 1, wmemcpy(c->wp, c->wa, c->wn + c->x))                              \
  _(wmemcpy_r, wmemcpy, 1, wmemcpy(c->wout, c->wp, c->wn + c->x))                            \
  _(wmemmove_w, wmemmove, 1, wmemmove(c->wp, c->wa, c->wn + c->x))                           \
  _(wmemmove_r, wmemmove, 1, wmemmove(c->wout, c->wp, c->wn + c->x))                         \
  _(wmempcpy_w, wmempcpy, 1, NUMBER(wmempcpy(c->wp, c->wa, c->wn + c->x)))                   \
  _(wmemset_w, wmemset, 1, wmemset(c->wp, L'b', c->wn + c->x))                               \
  _(wmemcmp_r, wmemcmp, 1, NUMBER(wmemcmp(c->wp, c->wa, c->wn + c->x)))                      \
  _(wmemchr_r, wmemchr, 1, NUMBER(wmemchr(c->wp, L'z', c->wn + c->x)))                       \
  _(wcslen_r, wcslen, 1, NUMBER(wcslen(wide_text(c))))                                       \
  _(wcsnlen_r, wcsnlen, 1, NUMBER(wcsnlen(c->wp, c->wn + c->x)))                             \
  _(wcscpy_w, wcscpy, 1, wcscpy(c->wp, c->wa))                                               \
  _(wcscpy_r, wcscpy, 1, wcscpy(c->wout, wide_text(c)))                                      \
  _(wcpcpy_w, wcpcpy, 1, NUMBER(wcpcpy(c->wp, c->wa)))                                       \
  _(wcsncpy_w, wcsncpy, 1, wcsncpy(c->wp, L"a", c->wn + c->x))                               \
  _(wcsncpy_r, wcsncpy, 1, wcsncpy(c->wout, c->wp, c->wn + c->x))                            \
  _(wcpncpy_w, wcpncpy, 1, NUMBER(wcpncpy(c->wp, L"a", c->wn + c->x)))                       \
  _(wcscat_w, wcscat, 1, wcscat(short_wide_text(c), c->wa + 1))                              \
  _(wcscat_r, wcscat, 1, wcscat(wide_text(c), L""))                                          \
  _(wcsncat_w, wcsncat, 1, wcsncat(short_wide_text(c), c->wa, c->wn - 2 + c->x))             \
  _(wcscmp_r, wcscmp, 1, NUMBER(wcscmp(wide_text(c), c->wa)))                                \
  _(wcsncmp_r, wcsncmp, 1, NUMBER(wcsncmp(c->wp, c->wa, c->wn + c->x)))                      \
  _(wcscasecmp_r, wcscasecmp, 1, NUMBER(wcscasecmp(wide_text(c), c->wa)))                    \
  _(wcsncasecmp_r, wcsncasecmp, 1, NUMBER(wcsncasecmp(c->wp, c->wa, c->wn + c->x)))          \
  _(wcschr_r, wcschr, 1, NUMBER(wcschr(wide_text(c), L'z')))                                 \
  _(wcsrchr_r, wcsrchr, 1, NUMBER(wcsrchr(wide_text(c), L'z')))                              \
  _(wcsstr_r, wcsstr, 1, NUMBER(wcsstr(wide_text(c), L"z")))                                 \
  _(wcsdup_r, wcsdup, 1, free(wcsdup(wide_text(c))))

CASES(CASE)
const struct Case wide_cases[] = {CASES(ROW){0, 0, 0, 0}};
