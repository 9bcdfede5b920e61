// The fallbacks answer as the C library does, in sign and place, in the "C" locale.
#include "gate/early_calls.h"

#include <gtest/gtest.h>

#include <cstring>
#include <cwchar>
#include <string>
#include <strings.h>
#include <vector>

namespace hakmem {
namespace {

const std::vector<std::string> kTexts = {"",    "a",    "b",   "A",         "ab",      "aB",
                                         "abc", "aab",  "ba",  "abcabcabd", "\xe4z",   "a\xff",
                                         "zz",  "ABCa", "abd", "cab",       "abcabce", "needle"};

int sign(int value) { return (value > 0) - (value < 0); }

std::wstring widened(const std::string& text) {
  std::wstring wide;
  for (const char c : text) wide.push_back(static_cast<unsigned char>(c));
  return wide;
}

TEST(EarlyCalls, ComparisonsAgree) {
  for (const std::string& left : kTexts) {
    for (const std::string& right : kTexts) {
      const char *a = left.c_str(), *b = right.c_str();
      const std::wstring wide_left = widened(left), wide_right = widened(right);
      const wchar_t *wa = wide_left.c_str(), *wb = wide_right.c_str();
      EXPECT_EQ(sign(early::strcmp(a, b)), sign(std::strcmp(a, b)));
      EXPECT_EQ(sign(early::strcasecmp(a, b)), sign(::strcasecmp(a, b)));
      EXPECT_EQ(sign(early::wcscmp(wa, wb)), sign(std::wcscmp(wa, wb)));
      EXPECT_EQ(sign(early::wcscasecmp(wa, wb)), sign(::wcscasecmp(wa, wb)));
      for (std::size_t n = 0; n < 5; ++n) {
        EXPECT_EQ(sign(early::strncmp(a, b, n)), sign(std::strncmp(a, b, n)));
        EXPECT_EQ(sign(early::strncasecmp(a, b, n)), sign(::strncasecmp(a, b, n)));
        EXPECT_EQ(sign(early::wcsncmp(wa, wb, n)), sign(std::wcsncmp(wa, wb, n)));
        EXPECT_EQ(sign(early::wcsncasecmp(wa, wb, n)), sign(::wcsncasecmp(wa, wb, n)));
        if (n > left.size() || n > right.size()) continue;
        EXPECT_EQ(sign(early::memcmp(a, b, n)), sign(std::memcmp(a, b, n)));
        EXPECT_EQ(sign(early::wmemcmp(wa, wb, n)), sign(std::wmemcmp(wa, wb, n)));
      }
    }
  }
}

TEST(EarlyCalls, SearchesAgree) {
  for (const std::string& text : kTexts) {
    const char* const a = text.c_str();
    const std::wstring wide = widened(text);
    EXPECT_EQ(early::strlen(a), text.size());
    EXPECT_EQ(early::wcslen(wide.c_str()), text.size());
    EXPECT_EQ(early::strnlen(a, 2), ::strnlen(a, 2));
    EXPECT_EQ(early::wcsnlen(wide.c_str(), 2), ::wcsnlen(wide.c_str(), 2));
    for (const char c : {'a', 'b', 'z', '\xe4', '\xff', '\0'}) {
      const wchar_t w = static_cast<unsigned char>(c);
      EXPECT_EQ(early::strchr(a, c), std::strchr(a, c));
      EXPECT_EQ(early::strrchr(a, c), std::strrchr(a, c));
      EXPECT_EQ(early::wcschr(wide.c_str(), w), std::wcschr(wide.c_str(), w));
      EXPECT_EQ(early::wcsrchr(wide.c_str(), w), std::wcsrchr(wide.c_str(), w));
      EXPECT_EQ(early::memchr(a, c, text.size()), std::memchr(a, c, text.size()));
      EXPECT_EQ(early::memrchr(a, c, text.size()), ::memrchr(a, c, text.size()));
      EXPECT_EQ(early::wmemchr(wide.c_str(), w, text.size()),
                std::wmemchr(wide.c_str(), w, text.size()));
    }
    for (const std::string& other : kTexts) {
      const char* const b = other.c_str();
      EXPECT_EQ(early::strstr(a, b), std::strstr(a, b));
      EXPECT_EQ(early::strcasestr(a, b), ::strcasestr(a, b));
      EXPECT_EQ(early::strspn(a, b), std::strspn(a, b));
      EXPECT_EQ(early::strcspn(a, b), std::strcspn(a, b));
      EXPECT_EQ(early::wcsstr(wide.c_str(), widened(other).c_str()),
                std::wcsstr(wide.c_str(), widened(other).c_str()));
      EXPECT_EQ(early::memmem(a, text.size(), b, other.size()),
                ::memmem(a, text.size(), b, other.size()));
    }
  }
}

TEST(EarlyCalls, CopiesAndFillsAgreeAndOverlapIsNoMatter) {
  for (std::size_t from = 0; from < 8; ++from) {
    for (std::size_t to = 0; to < 8; ++to) {
      char ours[] = "0123456789abcdef", theirs[] = "0123456789abcdef";
      EXPECT_EQ(early::memmove(ours + to, ours + from, 8), ours + to);
      std::memmove(theirs + to, theirs + from, 8);
      EXPECT_STREQ(ours, theirs);
    }
  }
  char filled[] = "........";
  EXPECT_EQ(early::memset(filled + 2, 'x' + 256, 3), filled + 2);
  EXPECT_STREQ(filled, "..xxx...");
  wchar_t wide[] = L"....";
  EXPECT_EQ(early::wmemset(wide + 1, L'x', 2), wide + 1);
  EXPECT_STREQ(wide, L".xx.");
}

}  // namespace
}  // namespace hakmem
