// The names that options give the methods. Linked at every level.
#include "ptr_trace/backtrace.h"

#include "base/text.h"

namespace hakmem {

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
    if (!same_text(text, row.name)) continue;
    out = row.method;
    return true;
  }
  return false;
}

}  // namespace hakmem
