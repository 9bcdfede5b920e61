#include "base/options.h"

#include "base/text_sink.h"

namespace hakmem {

const OptionRow kOptionTable[] = {
#define HAK_OPTION_BOOL(name, fallback, help) {#name, "bool", fallback ? "1" : "0", help},
#define HAK_OPTION_UINT(name, fallback, min, max, help) {#name, "number", #fallback, help},
#define HAK_OPTION_TEXT(name, fallback, help) {#name, "text", fallback, help},
#include "base/options.def"
#undef HAK_OPTION_BOOL
#undef HAK_OPTION_UINT
#undef HAK_OPTION_TEXT
};
const std::size_t kOptionCount = sizeof kOptionTable / sizeof kOptionTable[0];

namespace {

constexpr std::size_t kNameMax = sizeof(OptionError::option);

/// A piece of the option list; not NUL-terminated.
struct Piece {
  const char* begin;
  std::size_t length;
};

bool same(Piece piece, const char* text) noexcept {
  std::size_t i = 0;
  while (i < piece.length && text[i] != '\0' && piece.begin[i] == text[i]) ++i;
  return i == piece.length && text[i] == '\0';
}

bool parse_bool(Piece value, bool& out) noexcept {
  if (same(value, "1") || same(value, "true") || same(value, "yes")) {
    out = true;
    return true;
  }
  if (same(value, "0") || same(value, "false") || same(value, "no")) {
    out = false;
    return true;
  }
  return false;
}

bool parse_uint(Piece value, std::uint64_t& out) noexcept {
  constexpr std::size_t kDigitsMax = 19;  // every 19-digit number fits 64 bits
  if (value.length == 0 || value.length > kDigitsMax) return false;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < value.length; ++i) {
    const char digit = value.begin[i];
    if (digit < '0' || digit > '9') return false;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  out = number;
  return true;
}

bool copy_text(Piece value, OptionText& out) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < value.length; ++i) {
    if (value.begin[i] == '\\' && i + 1 < value.length) ++i;
    if (length + 1 >= kOptionTextMax) return false;
    out.bytes[length++] = value.begin[i];
  }
  out.bytes[length] = '\0';
  return true;
}

/// Levenshtein distance of two short names: one row of the usual table.
std::size_t edit_distance(Piece a, const char* b) noexcept {
  std::size_t row[kNameMax + 1];
  std::size_t b_length = 0;
  while (b[b_length] != '\0' && b_length < kNameMax) ++b_length;
  for (std::size_t j = 0; j <= b_length; ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.length; ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b_length; ++j) {
      const std::size_t replaced = diagonal + (a.begin[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      const std::size_t inserted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      row[j] = replaced < inserted ? replaced : inserted;
    }
  }
  return row[b_length];
}

OptionError error_for(OptionError::Kind kind, Piece name) noexcept {
  OptionError error;
  error.kind = kind;
  const std::size_t length = name.length < kNameMax - 1 ? name.length : kNameMax - 1;
  for (std::size_t i = 0; i < length; ++i) error.option[i] = name.begin[i];
  if (kind == OptionError::Kind::Unknown) {
    const Piece cut{error.option, length};
    std::size_t best = SIZE_MAX;
    for (const OptionRow& row : kOptionTable) {
      const std::size_t distance = edit_distance(cut, row.name);
      if (distance < best) {
        best = distance;
        error.nearest = row.name;
      }
    }
  }
  return error;
}

OptionError apply(Piece name, Piece value, Options& options) noexcept {
  using Kind = OptionError::Kind;
#define HAK_OPTION_BOOL(option, fallback, help)                                       \
  if (same(name, #option)) {                                                          \
    return parse_bool(value, options.option) ? OptionError{}                          \
                                             : error_for(Kind::Malformed, name);      \
  }
#define HAK_OPTION_UINT(option, fallback, min, max, help)                             \
  if (same(name, #option)) {                                                          \
    std::uint64_t number = 0;                                                         \
    if (!parse_uint(value, number)) return error_for(Kind::Malformed, name);          \
    constexpr std::uint64_t kLow = min;                                               \
    if ((kLow > 0 && number < kLow) || number > max) {                                \
      return error_for(Kind::OutOfRange, name);                                       \
    }                                                                                 \
    options.option = number;                                                          \
    return {};                                                                        \
  }
#define HAK_OPTION_TEXT(option, fallback, help)                                       \
  if (same(name, #option)) {                                                          \
    return copy_text(value, options.option) ? OptionError{}                           \
                                            : error_for(Kind::TooLong, name);         \
  }
#include "base/options.def"
#undef HAK_OPTION_BOOL
#undef HAK_OPTION_UINT
#undef HAK_OPTION_TEXT
  return error_for(Kind::Unknown, name);
}

}  // namespace

OptionError parse_options(const char* text, Options& options) noexcept {
  while (text != nullptr && *text != '\0') {
    const char* end = text;
    const char* equals = nullptr;
    while (*end != '\0' && *end != ':') {
      if (*end == '\\' && end[1] != '\0') ++end;
      if (*end == '=' && equals == nullptr) equals = end;
      ++end;
    }
    if (end != text) {
      const char* name_end = equals != nullptr ? equals : end;
      const Piece name{text, static_cast<std::size_t>(name_end - text)};
      const char* value_begin = equals != nullptr ? equals + 1 : end;
      const Piece value{value_begin, static_cast<std::size_t>(end - value_begin)};
      const OptionError error = apply(name, value, options);
      if (!error.ok()) return error;
    }
    text = *end == ':' ? end + 1 : end;
  }
  return {};
}

std::size_t describe(const OptionError& error, char* out, std::size_t size) noexcept {
  TextSink sink(out, size);
  switch (error.kind) {
    case OptionError::Kind::None:
      break;
    case OptionError::Kind::Unknown:
      sink.text("unknown option '").text(error.option).text("'; the nearest is '");
      sink.text(error.nearest).text("' (`hakmem options` lists all)");
      break;
    case OptionError::Kind::Malformed:
      sink.text("option '").text(error.option).text("' has a malformed value");
      break;
    case OptionError::Kind::OutOfRange:
      sink.text("option '").text(error.option).text("' is out of range");
      break;
    case OptionError::Kind::TooLong:
      sink.text("option '").text(error.option).text("' is too long");
      break;
  }
  return sink.size();
}

}  // namespace hakmem
