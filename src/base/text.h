// Texts of the C library's kind, for code that may not call it.
// Invariant: reads no byte behind the first difference.
#pragma once

#include "base/compiler.h"

namespace hakmem {

HAK_INLINE bool starts_with(const char* text, const char* prefix) noexcept {
  while (*prefix != '\0' && *text == *prefix) ++text, ++prefix;
  return *prefix == '\0';
}

HAK_INLINE bool same_text(const char* a, const char* b) noexcept {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

}  // namespace hakmem
