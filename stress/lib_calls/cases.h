// What a case of this folder gets, and the tables that the files with cases export.
#ifndef HAKMEM_STRESS_LIB_CALLS_CASES_H
#define HAKMEM_STRESS_LIB_CALLS_CASES_H

#include <stddef.h>
#include <wchar.h>

/// Everything one call needs. `x` is 0 in a correct program and 1 in a broken one: then the call
/// touches one character too many of the block, and nothing else changes.
struct Call {
  char* p;              ///< heap block of n bytes, all 'a'; as text() and short_text() make it
  size_t n;             ///< bytes
  size_t x;
  const char* a;        ///< no heap: a text of n + x - 1 times 'a'
  char* out;            ///< no heap: room for more than n + x bytes
  wchar_t* wp;          ///< heap block with room for wn characters, all L'a'
  size_t wn;            ///< characters
  const wchar_t* wa;    ///< no heap: a text of wn + x - 1 times L'a'
  wchar_t* wout;
};

/// The block as a text of n - 1 characters: with its NUL in a correct program, without in a broken.
static inline char* text(const struct Call* c) {
  if (c->x == 0) c->p[c->n - 1] = '\0';
  return c->p;
}
static inline wchar_t* wide_text(const struct Call* c) {
  if (c->x == 0) c->wp[c->wn - 1] = L'\0';
  return c->wp;
}
/// The block as a text of one character.
static inline char* short_text(const struct Call* c) {
  c->p[1] = '\0';
  return c->p;
}
static inline wchar_t* short_wide_text(const struct Call* c) {
  c->wp[1] = L'\0';
  return c->wp;
}

struct Case {
  const char* name;      ///< function_w writes to the block, function_r reads from it
  const char* function;  ///< as the report names it
  int wide;
  void (*run)(const struct Call* c);
};

extern const struct Case narrow_cases[], wide_cases[], printf_cases[], fortified_cases[];

/// A result that the compiler must not drop.
extern volatile size_t sink;

#define CASE(name, function, wide, statement) \
  static void run_##name(const struct Call* c) { statement; }
#define ROW(name, function, wide, statement) {#name, #function, wide, run_##name},

#endif
