// JSON into a TextSink: commas and quotes in the right places, strings always valid UTF-8.
// Called by report_json.cc. Invariant: what it writes parses, unless the sink was too small.
#pragma once

#include <cstdint>

#include "base/text_sink.h"
#include "base/units.h"

namespace hakmem {

class JsonSink {
 public:
  /// Strings longer than this are cut: symbol names have no bound of their own.
  static constexpr std::size_t kStringBytesMax = 600;

  explicit JsonSink(TextSink& sink) noexcept : sink_(sink) {}

  JsonSink& begin_object() noexcept { return open('{'); }
  JsonSink& begin_object(const char* key) noexcept { return named(key).open('{'); }
  JsonSink& end_object() noexcept { return close('}'); }
  JsonSink& begin_array(const char* key) noexcept { return named(key).open('['); }
  JsonSink& end_array() noexcept { return close(']'); }

  JsonSink& string(const char* key, const char* value) noexcept {
    named(key).quoted(value);
    return valued();
  }
  /// Nothing at all when `value` is empty.
  JsonSink& string_if_known(const char* key, const char* value) noexcept {
    return value[0] != '\0' ? string(key, value) : *this;
  }
  JsonSink& number(const char* key, std::int64_t value) noexcept {
    named(key).digits(value);
    return valued();
  }
  /// An element of an array.
  JsonSink& number(std::int64_t value) noexcept {
    separate();
    digits(value);
    return valued();
  }
  /// Letters that need no escape, as one string of any length.
  JsonSink& letters(const char* key, const char* value, std::size_t count) noexcept {
    named(key).sink_.character('"').bytes(value, count).character('"');
    return valued();
  }
  JsonSink& boolean(const char* key, bool value) noexcept {
    named(key).sink_.text(value ? "true" : "false");
    return valued();
  }
  /// As a string: 64 bits do not fit a JSON number that every reader keeps.
  JsonSink& address(const char* key, std::uint64_t value) noexcept {
    named(key).sink_.character('"').address(value).character('"');
    return valued();
  }
  JsonSink& address(std::uint64_t value) noexcept {
    separate();
    sink_.character('"').address(value).character('"');
    return valued();
  }
  /// Bytes as one string of two hexadecimal digits each.
  JsonSink& bytes(const char* key, const std::uint8_t* value, std::size_t count) noexcept {
    named(key).sink_.character('"');
    for (std::size_t i = 0; i < count; ++i) sink_.hex(value[i], 2);
    sink_.character('"');
    return valued();
  }

 private:
  JsonSink& open(char bracket) noexcept {
    separate();
    sink_.character(bracket);
    first_ = true;
    return *this;
  }
  JsonSink& close(char bracket) noexcept {
    sink_.character(bracket);
    first_ = false;
    return *this;
  }
  /// A key; what follows it, a value or an opening bracket, gets no comma.
  JsonSink& named(const char* key) noexcept {
    separate();
    sink_.character('"').text(key).text("\":");
    first_ = true;
    return *this;
  }
  JsonSink& valued() noexcept {
    first_ = false;
    return *this;
  }
  void digits(std::int64_t value) noexcept {
    if (value < 0) sink_.character('-');
    const std::uint64_t bits = static_cast<std::uint64_t>(value);
    sink_.decimal(value < 0 ? 0 - bits : bits);
  }
  void separate() noexcept {
    if (!first_) sink_.character(',');
    first_ = false;
  }

  void quoted(const char* value) noexcept {
    sink_.character('"');
    for (std::size_t i = 0; value[i] != '\0' && i < kStringBytesMax;) {
      const std::size_t length = sequence_length(value + i);
      if (length == 0) {
        sink_.text("\xef\xbf\xbd");  // U+FFFD for a byte that is no UTF-8
        ++i;
      } else {
        length == 1 ? escaped(value[i]) : static_cast<void>(sink_.bytes(value + i, length));
        i += length;
      }
    }
    sink_.character('"');
  }
  void escaped(char c) noexcept {
    if (c == '"' || c == '\\') {
      sink_.character('\\').character(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      sink_.text("\\u").hex(static_cast<unsigned char>(c), 4);
    } else {
      sink_.character(c);
    }
  }
  /// Bytes of the UTF-8 sequence at `s` (RFC 3629: no overlong form, no surrogate), 0 when invalid.
  static std::size_t sequence_length(const char* s) noexcept {
    const auto byte = [s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const unsigned char second = byte(1);
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    return length;
  }

  TextSink& sink_;
  bool first_ = true;
};

}  // namespace hakmem
