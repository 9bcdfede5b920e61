// The names that programs compiled with _FORTIFY_SOURCE call, with a target of unknown size.
#include "cases.h"

enum { kUnknown = -1, kFlag = 1 };

void* __memcpy_chk(void*, const void*, size_t, size_t);
void* __memmove_chk(void*, const void*, size_t, size_t);
void* __mempcpy_chk(void*, const void*, size_t, size_t);
void* __memset_chk(void*, int, size_t, size_t);
void __explicit_bzero_chk(void*, size_t, size_t);
char* __strcpy_chk(char*, const char*, size_t);
char* __stpcpy_chk(char*, const char*, size_t);
char* __strncpy_chk(char*, const char*, size_t, size_t);
char* __stpncpy_chk(char*, const char*, size_t, size_t);
char* __strcat_chk(char*, const char*, size_t);
char* __strncat_chk(char*, const char*, size_t, size_t);
int __sprintf_chk(char*, int, size_t, const char*, ...);
int __snprintf_chk(char*, size_t, int, size_t, const char*, ...);
wchar_t* __wmemcpy_chk(wchar_t*, const wchar_t*, size_t, size_t);
wchar_t* __wmemmove_chk(wchar_t*, const wchar_t*, size_t, size_t);
wchar_t* __wmempcpy_chk(wchar_t*, const wchar_t*, size_t, size_t);
wchar_t* __wmemset_chk(wchar_t*, wchar_t, size_t, size_t);
wchar_t* __wcscpy_chk(wchar_t*, const wchar_t*, size_t);
wchar_t* __wcpcpy_chk(wchar_t*, const wchar_t*, size_t);
wchar_t* __wcsncpy_chk(wchar_t*, const wchar_t*, size_t, size_t);
wchar_t* __wcpncpy_chk(wchar_t*, const wchar_t*, size_t, size_t);
wchar_t* __wcscat_chk(wchar_t*, const wchar_t*, size_t);
wchar_t* __wcsncat_chk(wchar_t*, const wchar_t*, size_t, size_t);
int __swprintf_chk(wchar_t*, size_t, int, size_t, const wchar_t*, ...);

#define UNKNOWN ((size_t)kUnknown)

#define CASES(_)                                                                             \
  _(memcpy_chk_w, memcpy, 0, __memcpy_chk(c->p, c->a, c->n + c->x, UNKNOWN))                 \
  _(memcpy_chk_r, memcpy, 0, __memcpy_chk(c->out, c->p, c->n + c->x, UNKNOWN))               \
  _(memmove_chk_w, memmove, 0, __memmove_chk(c->p, c->a, c->n + c->x, UNKNOWN))              \
  _(mempcpy_chk_w, mempcpy, 0, __mempcpy_chk(c->p, c->a, c->n + c->x, UNKNOWN))              \
  _(memset_chk_w, memset, 0, __memset_chk(c->p, 'b', c->n + c->x, UNKNOWN))                  \
  _(bzero_chk_w, explicit_bzero, 0, __explicit_bzero_chk(c->p, c->n + c->x, UNKNOWN))        \
  _(strcpy_chk_w, strcpy, 0, __strcpy_chk(c->p, c->a, UNKNOWN))                              \
  _(strcpy_chk_r, strcpy, 0, __strcpy_chk(c->out, text(c), UNKNOWN))                         \
  _(stpcpy_chk_w, stpcpy, 0, __stpcpy_chk(c->p, c->a, UNKNOWN))                              \
  _(strncpy_chk_w, strncpy, 0, __strncpy_chk(c->p, "a", c->n + c->x, UNKNOWN))               \
  _(stpncpy_chk_w, stpncpy, 0, __stpncpy_chk(c->p, "a", c->n + c->x, UNKNOWN))               \
  _(strcat_chk_w, strcat, 0, __strcat_chk(short_text(c), c->a + 1, UNKNOWN))                 \
  _(strncat_chk_w, strncat, 0,                                                               \
    __strncat_chk(short_text(c), c->a, c->n - 2 + c->x, UNKNOWN))                            \
  _(sprintf_chk_w, sprintf, 0, __sprintf_chk(c->p, kFlag, UNKNOWN, "%s", c->a))              \
  _(snprintf_chk_w, snprintf, 0,                                                             \
    __snprintf_chk(c->p, c->n + c->x, kFlag, UNKNOWN, "%s", c->a))                           \
  _(wmemcpy_chk_w, wmemcpy, 1, __wmemcpy_chk(c->wp, c->wa, c->wn + c->x, UNKNOWN))           \
  _(wmemmove_chk_r, wmemmove, 1, __wmemmove_chk(c->wout, c->wp, c->wn + c->x, UNKNOWN))      \
  _(wmempcpy_chk_w, wmempcpy, 1, __wmempcpy_chk(c->wp, c->wa, c->wn + c->x, UNKNOWN))        \
  _(wmemset_chk_w, wmemset, 1, __wmemset_chk(c->wp, L'b', c->wn + c->x, UNKNOWN))            \
  _(wcscpy_chk_w, wcscpy, 1, __wcscpy_chk(c->wp, c->wa, UNKNOWN))                            \
  _(wcpcpy_chk_w, wcpcpy, 1, __wcpcpy_chk(c->wp, c->wa, UNKNOWN))                            \
  _(wcsncpy_chk_w, wcsncpy, 1, __wcsncpy_chk(c->wp, L"a", c->wn + c->x, UNKNOWN))            \
  _(wcpncpy_chk_w, wcpncpy, 1, __wcpncpy_chk(c->wp, L"a", c->wn + c->x, UNKNOWN))            \
  _(wcscat_chk_w, wcscat, 1, __wcscat_chk(short_wide_text(c), c->wa + 1, UNKNOWN))           \
  _(wcsncat_chk_w, wcsncat, 1,                                                               \
    __wcsncat_chk(short_wide_text(c), c->wa, c->wn - 2 + c->x, UNKNOWN))                     \
  _(swprintf_chk_w, swprintf, 1,                                                             \
    __swprintf_chk(c->wp, c->wn + c->x, kFlag, UNKNOWN, L"%ls", c->wa))

CASES(CASE)
const struct Case fortified_cases[] = {CASES(ROW){0, 0, 0, 0}};
