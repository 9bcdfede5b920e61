// The errors' longer texts and the search for one by what a person types. Called by cmd_explain.cc.
// Invariant: every row of base/violation.def has exactly one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/violation.h"

namespace hakmem::tools {

struct Explanation {
  int id;
  const char* means;
  const char* reading;
  const char* finding;
  const char* next;
};

/// The text for `id`; null when there is none.
const Explanation* explanation_of(int id);

/// Understands HK102, hk102, 102, a pasted dedup key (HK102-9f2c…), WriteAfterFree and
/// "write after free". Nothing when no error is called that.
std::optional<Violation> violation_named(std::string_view text);

/// The id that `text` most likely meant, as "HK102".
std::string nearest_violation(std::string_view text);

/// `text` broken at spaces into lines of at most `columns`, each behind `indent` spaces.
std::string wrap_text(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace hakmem::tools
