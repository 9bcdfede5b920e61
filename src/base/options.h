// Run-time options: one table (options.def), one parser, no allocation, no libc state.
// Called by api/ once at start-up and by the command-line program. Has no level of its own.
// Invariant: an unknown or malformed option never changes a value; the first one is named.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hakmem {

inline constexpr std::size_t kOptionTextMax = 512;

/// Text of an option, held in place: options must not allocate.
struct OptionText {
  char bytes[kOptionTextMax];
  bool empty() const noexcept { return bytes[0] == '\0'; }
};

/// One value per row of options.def; zero-cost to copy before the first allocation.
struct Options {
#define HAK_OPTION_BOOL(name, fallback, help) bool name = fallback;
#define HAK_OPTION_UINT(name, fallback, min, max, help) std::uint64_t name = fallback;
#define HAK_OPTION_TEXT(name, fallback, help) OptionText name = {fallback};
#include "base/options.def"
#undef HAK_OPTION_BOOL
#undef HAK_OPTION_UINT
#undef HAK_OPTION_TEXT
};

/// One row of the table as text, for `help=1`, `hakmem options` and the docs.
struct OptionRow {
  const char* name;
  const char* type;      ///< "bool", "number" or "text"
  const char* fallback;  ///< default, as it would be written
  const char* help;
};

extern const OptionRow kOptionTable[];
extern const std::size_t kOptionCount;

/// What was wrong with an option list. `ok()` means nothing was.
struct OptionError {
  enum class Kind : std::uint8_t { None, Unknown, Malformed, OutOfRange, TooLong };
  Kind kind = Kind::None;
  char option[64] = {};           ///< the option's name, cut to fit
  const char* nearest = nullptr;  ///< row with the nearest name, for an unknown option

  bool ok() const noexcept { return kind == Kind::None; }
};

/// Applies `key=value:key=value` to `options`; stops at the first bad entry and says which.
/// A backslash keeps the next character, so that a path may hold a colon.
OptionError parse_options(const char* text, Options& options) noexcept;

/// Writes one clear sentence about `error`, at most `size` bytes with the closing NUL.
/// Returns the number of bytes written, without the NUL.
std::size_t describe(const OptionError& error, char* out, std::size_t size) noexcept;

}  // namespace hakmem
