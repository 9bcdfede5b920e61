// mem* and str*.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cases.h"

// The memcpy of programs that were linked before 2012.
void* old_memcpy(void* to, const void* from, size_t n);
__asm__(".symver old_memcpy, memcpy@GLIBC_2.2.5");

#define NUMBER(expression) sink = (size_t)(expression)

#define CASES(_)                                                                             \
  _(memcpy_w, memcpy, 0, memcpy(c->p, c->a, c->n + c->x))                                    \
  _(memcpy_r, memcpy, 0, memcpy(c->out, c->p, c->n + c->x))                                  \
  _(old_memcpy_w, memcpy, 0, old_memcpy(c->p, c->a, c->n + c->x))                            \
  _(memcpy_middle_w, memcpy, 0, memcpy(c->p + c->n / 2, c->a, c->n - c->n / 2 + c->x))       \
  _(memcpy_nothing_w, memcpy, 0, memcpy(c->p + c->n, c->a, c->x))                            \
  _(memcpy_before_w, memcpy, 0, memcpy(c->p - c->x, c->a, c->n))                             \
  _(memmove_w, memmove, 0, memmove(c->p, c->a, c->n + c->x))                                 \
  _(memmove_r, memmove, 0, memmove(c->out, c->p, c->n + c->x))                               \
  _(mempcpy_w, mempcpy, 0, NUMBER(mempcpy(c->p, c->a, c->n + c->x)))                         \
  _(mempcpy_r, mempcpy, 0, NUMBER(mempcpy(c->out, c->p, c->n + c->x)))                       \
  _(memccpy_w, memccpy, 0, NUMBER(memccpy(c->p, c->a, 'z', c->n + c->x)))                    \
  _(memccpy_r, memccpy, 0, NUMBER(memccpy(c->out, c->p, 'z', c->n + c->x)))                  \
  _(bcopy_w, bcopy, 0, bcopy(c->a, c->p, c->n + c->x))                                       \
  _(bcopy_r, bcopy, 0, bcopy(c->p, c->out, c->n + c->x))                                     \
  _(memset_w, memset, 0, memset(c->p, 'b', c->n + c->x))                                     \
  _(bzero_w, bzero, 0, bzero(c->p, c->n + c->x))                                             \
  _(explicit_bzero_w, explicit_bzero, 0, explicit_bzero(c->p, c->n + c->x))                  \
  _(memcmp_r, memcmp, 0, NUMBER(memcmp(c->p, c->a, c->n + c->x)))                            \
  _(memcmp_second_r, memcmp, 0, NUMBER(memcmp(c->a, c->p, c->n + c->x)))                     \
  _(bcmp_r, bcmp, 0, NUMBER(bcmp(c->p, c->a, c->n + c->x)))                                  \
  _(memchr_r, memchr, 0, NUMBER(memchr(c->p, 'z', c->n + c->x)))                             \
  _(memrchr_r, memrchr, 0, NUMBER(memrchr(c->p, 'z', c->n + c->x)))                          \
  _(rawmemchr_r, rawmemchr, 0, NUMBER(rawmemchr(c->p, c->x ? 'z' : 'a')))                    \
  _(memmem_r, memmem, 0, NUMBER(memmem(c->p, c->n + c->x, "z", 1)))                          \
  _(strlen_r, strlen, 0, NUMBER(strlen(text(c))))                                            \
  _(strnlen_r, strnlen, 0, NUMBER(strnlen(c->p, c->n + c->x)))                               \
  _(strcpy_w, strcpy, 0, strcpy(c->p, c->a))                                                 \
  _(strcpy_r, strcpy, 0, strcpy(c->out, text(c)))                                            \
  _(stpcpy_w, stpcpy, 0, NUMBER(stpcpy(c->p, c->a)))                                         \
  _(stpcpy_r, stpcpy, 0, NUMBER(stpcpy(c->out, text(c))))                                    \
  _(strncpy_w, strncpy, 0, strncpy(c->p, "a", c->n + c->x))                                  \
  _(strncpy_r, strncpy, 0, strncpy(c->out, c->p, c->n + c->x))                               \
  _(stpncpy_w, stpncpy, 0, NUMBER(stpncpy(c->p, "a", c->n + c->x)))                          \
  _(stpncpy_r, stpncpy, 0, NUMBER(stpncpy(c->out, c->p, c->n + c->x)))                       \
  _(strcat_w, strcat, 0, strcat(short_text(c), c->a + 1))                                    \
  _(strcat_r, strcat, 0, strcat(text(c), ""))                                                \
  _(strncat_w, strncat, 0, strncat(short_text(c), c->a, c->n - 2 + c->x))                    \
  _(strncat_r, strncat, 0, c->out[0] = '\0'; strncat(c->out, c->p, c->n + c->x))             \
  _(strcmp_r, strcmp, 0, NUMBER(strcmp(text(c), c->a)))                                      \
  _(strcmp_second_r, strcmp, 0, NUMBER(strcmp(c->a, text(c))))                               \
  _(strncmp_r, strncmp, 0, NUMBER(strncmp(c->p, c->a, c->n + c->x)))                         \
  _(strcasecmp_r, strcasecmp, 0, NUMBER(strcasecmp(text(c), c->a)))                          \
  _(strncasecmp_r, strncasecmp, 0, NUMBER(strncasecmp(c->p, c->a, c->n + c->x)))             \
  _(strchr_r, strchr, 0, NUMBER(strchr(text(c), 'z')))                                       \
  _(strchrnul_r, strchrnul, 0, NUMBER(strchrnul(text(c), 'z')))                              \
  _(strrchr_r, strrchr, 0, NUMBER(strrchr(text(c), 'z')))                                    \
  _(index_r, strchr, 0, NUMBER(index(text(c), 'z')))                                         \
  _(rindex_r, strrchr, 0, NUMBER(rindex(text(c), 'z')))                                      \
  _(strstr_r, strstr, 0, NUMBER(strstr(text(c), "z")))                                       \
  _(strstr_needle_r, strstr, 0, NUMBER(strstr("b", text(c))))                                \
  _(strcasestr_r, strcasestr, 0, NUMBER(strcasestr(text(c), "z")))                           \
  _(strspn_r, strspn, 0, NUMBER(strspn(text(c), "a")))                                       \
  _(strcspn_r, strcspn, 0, NUMBER(strcspn(text(c), "z")))                                    \
  _(strpbrk_r, strpbrk, 0, NUMBER(strpbrk(text(c), "z")))                                    \
  _(strdup_r, strdup, 0, free(strdup(text(c))))                                              \
  _(strndup_r, strndup, 0, free(strndup(c->p, c->n + c->x)))

CASES(CASE)
const struct Case narrow_cases[] = {CASES(ROW){0, 0, 0, 0}};
