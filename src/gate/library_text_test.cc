// Texts: a search that ends inside its block is legal whatever its limit says, one that would run
// on is not; answers are the C library's.
#include "gate/library_text.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

struct Order {
  int operator()(const char* a, const char* b, std::size_t n) const {
    return raw::strncmp(a, b, n);
  }
};

class LibraryTexts : public DomainTest {
 protected:
  LibraryCall call() { return LibraryCall(*domain_, "strlen", 0, true); }

  /// A block of exactly these characters: with `ended` false without their NUL.
  template <class C>
  C* text_block(const C* characters, bool ended = true) {
    const std::size_t n = std::char_traits<C>::length(characters) + (ended ? 1 : 0);
    C* const block = static_cast<C*>(allocate(n * sizeof(C)));
    std::memcpy(block, characters, n * sizeof(C));
    return block;
  }

  template <class Body>
  void expect_refused(Body body) {
    expect_finding(Violation::kLibraryCall, kIntegrityLevel, body);
  }
};

TEST_F(LibraryTexts, ATextThatFillsItsBlockHasItsLength) {
  char* const narrow = text_block("twelve bytes");
  wchar_t* const wide = text_block(L"wide");
  EXPECT_EQ(length_of(call(), narrow), 12u);
  EXPECT_EQ(length_of(call(), narrow + 12), 0u);
  EXPECT_EQ(length_of(call(), wide), 4u);
  EXPECT_EQ(length_of(call(), "not in the heap"), 15u);
  release(narrow);
  release(wide);
}

TEST_F(LibraryTexts, ATextWithoutEndIsRefused) {
  char* const narrow = text_block("twelve bytes", false);
  wchar_t* const wide = text_block(L"wide", false);
  expect_refused([&] { length_of(call(), narrow); });
  expect_refused([&] { length_of(call(), wide); });
  EXPECT_EQ(length_of(call(), narrow, 12), 12u);
  EXPECT_EQ(length_of(call(), wide, 4), 4u);
  expect_refused([&] { length_of(call(), narrow, 13); });
  expect_refused([&] { length_of(call(), wide, 5); });
  release(narrow);
  release(wide);
}

TEST_F(LibraryTexts, ALimitBeyondTheBlockIsLegalWhenTheTextEnds) {
  char* const narrow = text_block("short");
  wchar_t* const wide = text_block(L"short");
  for (const std::size_t most : {std::size_t{6}, std::size_t{7}, std::size_t{1} << 40,
                                 ~std::size_t{0} - 1, ~std::size_t{0}}) {
    EXPECT_EQ(length_of(call(), narrow, most), 5u);
    EXPECT_EQ(length_of(call(), wide, most), 5u);
    EXPECT_EQ(find_among(call(), narrow, 'o', most), narrow + 2);
    EXPECT_EQ(find_among(call(), wide, L'o', most), wide + 2);
    EXPECT_EQ(compare_texts(call(), narrow, narrow, most, Order{}), 0);
  }
  expect_refused([&] { find_among(call(), narrow, 'x', 7); });
  EXPECT_EQ(find_among(call(), narrow, 'x', 6), nullptr);
  release(narrow);
  release(wide);
}

TEST_F(LibraryTexts, AComparisonReadsToTheFirstDifference) {
  char* const open = text_block("abc", false);
  char* const other = text_block("abd", false);
  char* const whole = text_block("abc");
  EXPECT_LT(compare_texts(call(), open, other, kNoLimit<char>, Order{}), 0);
  EXPECT_GT(compare_texts(call(), static_cast<const char*>(other), "abcd", 9, Order{}), 0);
  EXPECT_EQ(compare_texts(call(), open, whole, 3, Order{}), 0);
  EXPECT_EQ(compare_texts(call(), static_cast<const char*>(whole), "abc", 99, Order{}), 0);
  expect_refused([&] { compare_texts(call(), open, whole, 4, Order{}); });
  expect_refused([&] { compare_texts(call(), whole, open, kNoLimit<char>, Order{}); });
  release(open);
  release(other);
  release(whole);
}

TEST_F(LibraryTexts, ASearchStopsAtItsHitOrAtTheEnd) {
  constexpr std::size_t kBytes = 3000;
  char* const text = static_cast<char*>(allocate(kBytes));
  for (const std::size_t at : {0u, 1u, 63u, 64u, 65u, 191u, 192u, 255u, 256u, 257u, 2998u}) {
    std::memset(text, '.', kBytes);
    text[at] = 'x';
    EXPECT_EQ(find_or_end(call(), text, 'x', kBytes), text + at);
    EXPECT_EQ(find_text(call(), text, "x", kBytes), text + at);
    EXPECT_EQ(span_of(call(), text, "xyz", true), at);
    EXPECT_EQ(span_of(call(), text, ".", false), at);
    text[at] = '\0';
    EXPECT_EQ(find_or_end(call(), text, 'x', kBytes), text + at);
    EXPECT_EQ(find_or_end(call(), text, '\0', kBytes), text + at);
    EXPECT_EQ(find_text(call(), text, "x", kBytes), nullptr);
    EXPECT_EQ(span_of(call(), text, "x", true), at);
  }
  std::memset(text, '.', kBytes);
  expect_refused([&] { find_or_end(call(), text, 'x', kBytes); });
  expect_refused([&] { find_text(call(), text, "x", kBytes); });
  expect_refused([&] { span_of(call(), text, "x", true); });
  expect_refused([&] { span_of(call(), text, ".", false); });
  release(text);
}

TEST_F(LibraryTexts, AHitAcrossTheEdgesOfPiecesIsFound) {
  constexpr std::size_t kBytes = 2048;
  char* const text = static_cast<char*>(allocate(kBytes));
  for (std::size_t at = 250; at < 262; ++at) {
    std::memset(text, '.', kBytes);
    std::memcpy(text + at, "needle", 6);
    EXPECT_EQ(find_text(call(), text, "needle", kBytes), text + at);
    EXPECT_EQ(find_text(call(), text, "", kBytes), text);
  }
  release(text);
}

TEST_F(LibraryTexts, AFreedTextIsRefused) {
  char* const text = text_block("gone");
  release(text);
  const std::string report = expect_finding(Violation::kLibraryCall, kIntegrityLevel,
                                            [&] { length_of(call(), text); });
  EXPECT_NE(report.find("of a freed 5-byte block"), std::string::npos) << report;
}

}  // namespace
}  // namespace hakmem
