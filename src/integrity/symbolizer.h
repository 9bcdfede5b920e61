// Functions and lines, found by another program so that a dying process needs no debug-info reader:
// llvm-symbolizer, or addr2line where there is none. Called by resolved.cc, under the reporter.
// Invariant: nothing is allocated; a missing, slow or broken symbolizer only leaves names empty.
#pragma once

#include <cstddef>
#include <cstdint>

#include "integrity/modules.h"

namespace hakmem {

/// One address to look up.
struct SymbolQuery {
  const Module* module;  ///< null is skipped
  std::uint64_t offset;  ///< virtual address in the file
};

/// One line of an answer. Inlined functions come first, innermost first.
struct SymbolLine {
  std::uint32_t query = 0;    ///< index of the query
  const char* function = "";  ///< "" when unknown; valid until the next call of symbolize()
  const char* file = "";      ///< "" when unknown
  std::uint32_t line = 0;     ///< 0 when unknown
  bool inlined = false;       ///< the query's next line is the function it is inlined into
};

/// Lines of an answer, as many as fit.
struct SymbolLines {
  static constexpr std::uint32_t kMax = 256;
  std::uint32_t count = 0;
  SymbolLine lines[kMax] = {};

  void add(const SymbolLine& line) noexcept {
    if (count < kMax) lines[count++] = line;
  }
};

/// Asks for all queries at once; `out` gets what came before `limit_ms` was over, nothing when
/// there is no symbolizer.
void symbolize(const SymbolQuery* queries, std::uint32_t count, std::uint64_t limit_ms,
               SymbolLines& out) noexcept;

/// Replaces the programs that are tried, in order; the list ends with null. Null restores them.
void set_symbolizers_for_test(const char* const* programs) noexcept;

}  // namespace hakmem
