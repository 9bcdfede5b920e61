// The names that options give the methods. Linked at every level.
#include "ptr_trace/backtrace.h"

namespace hakmem {

namespace {

bool same(const char* a, const char* b) noexcept {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

}  // namespace

bool parse_stack_method(const char* text, StackMethod& out) noexcept {
  struct Row {
    const char* name;
    StackMethod method;
  };
  static constexpr Row kRows[] = {{"auto", StackMethod::Auto},
                                  {"safe", StackMethod::Safe},
                                  {"fp", StackMethod::FramePointer},
                                  {"caller", StackMethod::Caller}};
  for (const Row& row : kRows) {
    if (!same(text, row.name)) continue;
    out = row.method;
    return true;
  }
  return false;
}

}  // namespace hakmem
