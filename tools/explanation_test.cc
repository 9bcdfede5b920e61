// Ids are spelt in lower case or in parts, so that no error counts as tested by this file.
#include "tools/explanation.h"

#include <set>

#include <gtest/gtest.h>

#include "base/violation.h"

namespace hakmem::tools {
namespace {

TEST(Explanation, EveryErrorHasWholeSentences) {
  for (const ViolationRow& row : kViolationTable) {
    const Explanation* text = explanation_of(id_of(row.violation));
    ASSERT_NE(text, nullptr) << id_of(row.violation);
    for (const std::string part : {text->means, text->reading, text->finding, text->next}) {
      EXPECT_TRUE(part.ends_with(".") || part.ends_with("?")) << row.identifier << ": " << part;
      EXPECT_EQ(part.find("  "), std::string::npos) << row.identifier << ": " << part;
    }
  }
}

TEST(Explanation, NoTextWithoutAnError) {
  std::set<int> ids;
  for (const ViolationRow& row : kViolationTable) ids.insert(id_of(row.violation));
  for (int id = 0; id < 1000; ++id) {
    EXPECT_EQ(explanation_of(id) != nullptr, ids.contains(id)) << id;
  }
}

TEST(Explanation, AnErrorIsFoundByAllItsNames) {
  for (const ViolationRow& row : kViolationTable) {
    const std::string number = std::to_string(id_of(row.violation));
    for (const std::string& name :
         {number, "hk" + number, "HK" + number, "Hk" + number, "HK" + number + "-9f2c41ab77d0e3b1",
          std::string(row.identifier), std::string(row.kind)}) {
      EXPECT_EQ(violation_named(name), row.violation) << name;
    }
  }
}

TEST(Explanation, OtherWordsAreNoError) {
  for (const char* name :
       {"", "hk", "1", "102x", "hk102x", "x102", "hk113", "-1", "free", "hk-102"}) {
    EXPECT_EQ(violation_named(name), std::nullopt) << name;
  }
}

TEST(Explanation, TheNearestIdIsByNumberOrByName) {
  const std::string hk = "HK";
  EXPECT_EQ(nearest_violation("hk113"), hk + "112");
  EXPECT_EQ(nearest_violation("100"), hk + "101");
  EXPECT_EQ(nearest_violation("hk999"), hk + "906");
  EXPECT_EQ(nearest_violation("DubleFree"), hk + "101");
  EXPECT_EQ(nearest_violation("use after free"), hk + "102");
}

TEST(Explanation, WrappingBreaksAtSpacesAndKeepsEveryWord) {
  EXPECT_EQ(wrap_text("aa bb cc", 7, 2), "  aa bb\n  cc\n");
  EXPECT_EQ(wrap_text("aa", 80, 0), "aa\n");
  EXPECT_EQ(wrap_text("longer-than-that b", 4, 1), " longer-than-that\n b\n");
}

}  // namespace
}  // namespace hakmem::tools
