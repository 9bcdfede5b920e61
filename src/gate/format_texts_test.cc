// Formats: every argument is taken by its right type, so that the texts among them are found; a
// precision that ends a text makes it legal.
#include "gate/format_texts.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

class FormatTexts : public DomainTest {
 protected:
  FormatTexts() {
    std::memcpy(open_ = static_cast<char*>(allocate(5)), "12345", 5);
    std::memcpy(whole_ = static_cast<char*>(allocate(6)), "12345", 6);
    wide_ = static_cast<wchar_t*>(allocate(3 * sizeof(wchar_t)));
    for (int i = 0; i < 3; ++i) wide_[i] = L'w';
  }
  ~FormatTexts() override {
    release(open_);
    release(whole_);
    release(wide_);
  }

  template <class C>
  void ask(const C* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    check_texts(LibraryCall(*domain_, "printf", 0, true), format, arguments);
    va_end(arguments);
  }
  template <class C, class... Values>
  void expect_refused(const C* format, Values... values) {
    expect_finding(Violation::kLibraryCall, kIntegrityLevel, [&] { ask(format, values...); });
  }

  char *open_, *whole_;
  wchar_t* wide_;
};

TEST_F(FormatTexts, ATextMustEndInItsBlock) {
  ask("%s %s", whole_, "elsewhere");
  ask("%s", static_cast<char*>(nullptr));
  expect_refused("%s", open_);
  expect_refused("%-10s|", open_);
  expect_refused("%ls", wide_);
  expect_refused("%S", wide_);
  expect_refused(L"%s", open_);
  expect_refused(L"%ls", wide_);
}

TEST_F(FormatTexts, APrecisionEndsIt) {
  ask("%.5s %.*s %5.4s", open_, 3, open_, open_);
  ask(L"%.3ls", wide_);
  ask("%.9ls", wide_);  // bytes of the output, not characters of the text
  ask("%.s", open_);
  expect_refused("%.6s", open_);
  expect_refused("%.*s", 6, open_);
  expect_refused("%.*s", -1, open_);
  expect_refused(L"%.4ls", wide_);
}

TEST_F(FormatTexts, ArgumentsBeforeItAreTakenByTheirTypes) {
  expect_refused("%d %ld %lld %hhd %zu %c %s", 1, 2L, 3LL, 4, std::size_t{5}, 'c', open_);
  expect_refused("%f %Lf %Lg %e %s", 1.0, 2.0L, 3.0L, 4.0, open_);
  expect_refused("%d%d%d%d%d%d%d%d %f %s", 1, 2, 3, 4, 5, 6, 7, 8, 9.0, open_);
  expect_refused("%% %m %p %*d %-*.*f %lc %s", nullptr, 5, 6, 7, 8, 9.0, 10, open_);
  expect_refused("%jd %td %qd %'d %I64d %s", 1L, 2L, 3L, 4, 5, open_);
}

TEST_F(FormatTexts, WhatCannotBeFollowedEndsTheWalk) {
  ask("%1$s", open_);
  ask("%*1$s", open_);
  ask("%.*2$s", open_, 1);
  ask("%y %s", 1, open_);
  ask("%", open_);
  ask("100%");
}

TEST_F(FormatTexts, TheFormatsOwnBlockCounts) {
  ask(whole_);
  expect_refused(open_);
}

}  // namespace
}  // namespace hakmem
