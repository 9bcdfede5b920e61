// The frame of the malloc API's checks: a case is a named function, run in a child of its own.
// Included by every file of this folder; main.cc runs the cases. Invariant: a case ends its process
// with status 0 only by returning, or by an exit() that it asked for itself; a failed expectation,
// a crash and a hang are told apart by what the parent sees.
#pragma once

#include "../check.h"

namespace hakmem::stress {

struct Case {
  const char* name;
  void (*run)();
};

inline constexpr std::size_t kCaseMax = 256;
extern Case cases[kCaseMax];
extern std::size_t case_count;

/// Adds a case to the table while static constructors run.
inline bool add_case(const char* name, void (*run)()) {
  if (case_count == kCaseMax) die("too many cases");
  cases[case_count++] = Case{name, run};
  return true;
}

/// Says why the case cannot check anything here, and ends it as skipped.
[[noreturn, gnu::format(printf, 1, 2)]] void skip_case(const char* format, ...);

/// A function of the C library or the preloaded one by name; ends the case as failed, or as
/// skipped when nothing is preloaded, if there is none.
void* function_named(const char* name);

/// True when a malloc library is under test, false on the C library's own.
bool has_subject() noexcept;

/// True with --foreign: what the C standard leaves open is open. Without it a malloc library must
/// do as glibc does, and have the names that are newer than the C library.
bool is_foreign() noexcept;

}  // namespace hakmem::stress

#define HAK_API_CASE(function, name)                                             \
  static void function();                                                        \
  static const bool function##_added = hakmem::stress::add_case(name, function); \
  static void function()

/// Ends the case as failed with a printf-like reason unless `condition` holds.
#define HAK_EXPECT(condition, ...)                      \
  do {                                                  \
    if (!(condition)) hakmem::stress::die(__VA_ARGS__); \
  } while (false)
