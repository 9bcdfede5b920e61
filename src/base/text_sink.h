// Text into a caller's buffer: no allocation, no locale, no libc. fmt is not used here because its
// formatters pull in the C++ library, and a malloc must not load one into every process.
// Called by the options parser, the report and the JSON writer. Invariant: always NUL-terminated,
// never past `size`; what does not fit is cut and `truncated()` says so.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hakmem {

class TextSink {
 public:
  TextSink(char* out, std::size_t size) noexcept : out_(out), size_(size) {
    if (size_ != 0) out_[0] = '\0';
  }

  TextSink& character(char c) noexcept {
    if (length_ + 1 < size_) {
      out_[length_++] = c;
      out_[length_] = '\0';
    } else {
      truncated_ = true;
    }
    return *this;
  }

  /// A NULL text is nothing.
  TextSink& text(const char* s) noexcept {
    while (s != nullptr && *s != '\0') character(*s++);
    return *this;
  }

  TextSink& bytes(const char* s, std::size_t length) noexcept {
    for (std::size_t i = 0; i < length; ++i) character(s[i]);
    return *this;
  }

  TextSink& repeat(const char* s, std::size_t times) noexcept {
    for (std::size_t i = 0; i < times; ++i) text(s);
    return *this;
  }

  TextSink& decimal(std::uint64_t n) noexcept {
    char digits[20];
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + n % 10);
      n /= 10;
    } while (n != 0);
    while (count != 0) character(digits[--count]);
    return *this;
  }

  /// Lower-case hexadecimal with at least `width` digits, no prefix.
  TextSink& hex(std::uint64_t n, unsigned width = 1) noexcept {
    for (unsigned digit = 16; digit-- > 0;) {
      const unsigned nibble = static_cast<unsigned>(n >> (digit * 4)) & 0xf;
      if (digit >= width && (n >> (digit * 4)) == 0) continue;
      character("0123456789abcdef"[nibble]);
    }
    return *this;
  }

  /// 0x and hexadecimal, as addresses are printed.
  TextSink& address(std::uint64_t n) noexcept { return text("0x").hex(n); }

  const char* c_str() const noexcept { return out_; }
  std::size_t size() const noexcept { return length_; }
  bool truncated() const noexcept { return truncated_; }

 private:
  char* out_;
  std::size_t size_;
  std::size_t length_ = 0;
  bool truncated_ = false;
};

}  // namespace hakmem
