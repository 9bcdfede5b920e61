#include "tools/plain_text.h"

#include <gtest/gtest.h>

namespace hakmem::tools {
namespace {

TEST(PlainText, ControlCharactersBecomeDigits) {
  EXPECT_EQ(printable("a\x1b[2J\n\x7f"), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m")
      << "the 8-bit form of ESC [";
}

TEST(PlainText, LettersOfAllLanguagesStay) {
  for (const char* text : {"abc", "é", "日本", "\xf0\x9f\x90\x9b", ""})
    EXPECT_EQ(printable(text), text);
}

TEST(PlainText, WhatTurnsTheDirectionOfTextIsShown) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b\xe2\x81\xa6"),
            "a\\u202eb\\u2066");
}

TEST(PlainText, BytesThatAreNoUtf8AreShown) {
  EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82") << "cut short";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80") << "overlong";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "behind the last character";
}

TEST(PlainText, MarkupHasNoSpecialCharacterLeft) {
  EXPECT_EQ(markup("<a href=\"x\" b='&'>\n"),
            "&lt;a href=&quot;x&quot; b=&#39;&amp;&#39;&gt;\\x0a");
  EXPECT_EQ(markup_lines("<\n\x01>"), "&lt;\n\\x01&gt;");
  EXPECT_EQ(markup_lines("a\n"), "a\n");
}

TEST(PlainText, AUriKeepsUnreservedCharactersAlone) {
  EXPECT_EQ(uri_path("/a b/\"<é>%?#:.c"), "/a%20b/%22%3C%C3%A9%3E%25%3F%23%3A.c");
}

}  // namespace
}  // namespace hakmem::tools
