#include "base/text_sink.h"

#include <gtest/gtest.h>

#include <string>

namespace hakmem {
namespace {

std::string written(void (*write)(TextSink&)) {
  char text[64];
  TextSink sink(text, sizeof text);
  write(sink);
  EXPECT_FALSE(sink.truncated());
  EXPECT_EQ(sink.size(), std::string(text).size());
  return sink.c_str();
}

TEST(TextSink, WritesWhatItIsGiven) {
  EXPECT_EQ(written([](TextSink&) {}), "");
  EXPECT_EQ(written([](TextSink& s) { s.text("a").text(nullptr).character('b').bytes("cdx", 2); }),
            "abcd");
  EXPECT_EQ(written([](TextSink& s) { s.repeat("ab", 3).repeat("x", 0); }), "ababab");
}

TEST(TextSink, DecimalHasNoLeadingZeroAndNoLimit) {
  EXPECT_EQ(written([](TextSink& s) { s.decimal(0); }), "0");
  EXPECT_EQ(written([](TextSink& s) { s.decimal(1009); }), "1009");
  EXPECT_EQ(written([](TextSink& s) { s.decimal(UINT64_MAX); }), "18446744073709551615");
}

TEST(TextSink, HexadecimalIsAsWideAsAskedFor) {
  EXPECT_EQ(written([](TextSink& s) { s.hex(0); }), "0");
  EXPECT_EQ(written([](TextSink& s) { s.hex(0xa2, 4); }), "00a2");
  EXPECT_EQ(written([](TextSink& s) { s.hex(0x1234, 2); }), "1234");
  EXPECT_EQ(written([](TextSink& s) { s.hex(UINT64_MAX); }), "ffffffffffffffff");
  EXPECT_EQ(written([](TextSink& s) { s.address(0x7f00); }), "0x7f00");
}

TEST(TextSink, WhatDoesNotFitIsCutAndSaid) {
  char text[5] = {'#', '#', '#', '#', '#'};
  TextSink sink(text, 4);
  sink.text("abcdef");
  EXPECT_STREQ(text, "abc");
  EXPECT_TRUE(sink.truncated());
  EXPECT_EQ(sink.size(), 3u);
  EXPECT_EQ(text[4], '#') << "written past its end";
}

TEST(TextSink, AnExactFitIsNotCut) {
  char text[4];
  TextSink sink(text, sizeof text);
  EXPECT_FALSE(sink.text("abc").truncated());
  EXPECT_TRUE(sink.character('d').truncated());
}

TEST(TextSink, AnEmptyBufferIsNeverTouched) {
  char untouched = '#';
  TextSink sink(&untouched, 0);
  sink.text("abc").decimal(7);
  EXPECT_TRUE(sink.truncated());
  EXPECT_EQ(untouched, '#');
}

}  // namespace
}  // namespace hakmem
