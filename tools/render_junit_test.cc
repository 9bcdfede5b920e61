// The counts and words of the JUnit form; page_and_xml_test.py parses it strictly.
#include <gtest/gtest.h>

#include "tools/render.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(RenderJunit, ACleanRunIsOnePassedTestCase) {
  const std::string xml = render_junit(Report{});
  EXPECT_NE(xml.find("tests=\"1\" failures=\"0\" errors=\"0\""), std::string::npos);
  EXPECT_EQ(count_of(xml, "<testcase "), 1u);
  EXPECT_EQ(count_of(xml, "<failure") + count_of(xml, "<error"), 0u);
}

TEST(RenderJunit, EachFindingIsAFailedTestCase) {
  const std::string xml = render_junit(
      parsed(sample_report(1, Json::array({sample_finding(102, 1), sample_finding(905, 2)}))));
  EXPECT_NE(xml.find("tests=\"2\" failures=\"2\" errors=\"0\""), std::string::npos);
  EXPECT_EQ(count_of(xml, "<testcase "), 2u);
  EXPECT_NE(xml.find("classname=\"server\" name=\"" + hk(102) + " write after free (" +
                     token(102, 1) + ")\""),
            std::string::npos);
  EXPECT_NE(xml.find(std::string("message=\"") + kOurBug), std::string::npos);
  EXPECT_NE(xml.find("conn.cpp:131"), std::string::npos);
}

TEST(RenderJunit, ARunThatDidNotEndWellDoesNotPass) {
  Report report;
  report.troubles = {"the time limit was reached"};
  const std::string xml = render_junit(report);
  EXPECT_NE(xml.find("tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos);
  EXPECT_NE(xml.find("<error type=\"run\" message=\"the time limit was reached\"/>"),
            std::string::npos);
}

}  // namespace
}  // namespace hakmem::tools
