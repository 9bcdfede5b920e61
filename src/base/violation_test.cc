#include "base/violation.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/checks.h"

namespace hakmem {
namespace {

TEST(Violation, EveryRowIsFoundByItsOwnName) {
  for (const ViolationRow& row : kViolationTable) {
    EXPECT_EQ(&row_of(row.violation), &row) << row.identifier;
  }
}

TEST(Violation, IdentifiersKindsAndNumbersAreUnique) {
  std::set<std::string> identifiers, kinds;
  std::set<int> numbers;
  for (const ViolationRow& row : kViolationTable) {
    EXPECT_TRUE(identifiers.insert(row.identifier).second) << row.identifier;
    EXPECT_TRUE(kinds.insert(row.kind).second) << row.kind;
    EXPECT_TRUE(numbers.insert(id_of(row.violation)).second) << id_of(row.violation);
  }
}

TEST(Violation, TheStableNumbersAreTheDocumentedOnes) {
  const std::set<int> documented = {101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112,
                                    120, 901, 902, 903, 904, 905, 906};
  std::set<int> found;
  for (const ViolationRow& row : kViolationTable) found.insert(id_of(row.violation));
  EXPECT_EQ(found, documented);
}

TEST(Violation, TheNumberSaysWhoseFaultItIs) {
  for (const ViolationRow& row : kViolationTable) {
    EXPECT_EQ(row.fault, id_of(row.violation) < 900 ? Fault::Program : Fault::Hakmem)
        << row.identifier;
  }
}

TEST(Violation, EveryRowHasALevelAndASentence) {
  for (const ViolationRow& row : kViolationTable) {
    EXPECT_TRUE(row.level >= 1 && row.level <= kIntegrityLevelMax) << row.identifier;
    const std::string meaning = row.meaning;
    ASSERT_FALSE(meaning.empty()) << row.identifier;
    EXPECT_EQ(meaning.back(), '.') << row.identifier;
  }
}

}  // namespace
}  // namespace hakmem
