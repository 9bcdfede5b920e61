// The golden table and the reading of callgrind's dumps, on texts small enough to check by eye.
#include "bench/harness/golden_table.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "bench/harness/callgrind.h"

namespace hakmem::bench {
namespace {

const char* const kTable =
    "# comment\nkey: GNU-12 Release\nmalloc_16 29.00 33.00 exact\nmixed 40.50 60.00 2\n";

TEST(GoldenTable, FormatAndParseAreInverse) {
  const GoldenTable table = parse_golden(kTable);
  EXPECT_EQ(table.key, "GNU-12 Release");
  const GoldenTable again = parse_golden(format_golden(table));
  EXPECT_EQ(again.key, table.key);
  EXPECT_TRUE(compare_golden(table, again).empty());
  EXPECT_EQ(again.rows.at(1).tolerance_percent, 2);
}

TEST(GoldenTable, OneInstructionMoreIsADifferenceWhenExact) {
  const GoldenTable table = parse_golden(kTable);
  GoldenTable measured = table;
  measured.rows[0].counts[1] += 1;
  const std::vector<std::string> differences = compare_golden(table, measured);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0], "malloc_16 level 1: 33.00 in the table, 34.00 measured (+1.00)");
}

TEST(GoldenTable, ToleranceIsAPercentageBothWays) {
  const GoldenTable table = parse_golden(kTable);
  GoldenTable measured = table;
  measured.rows[1].counts = {41.2, 58.9};
  EXPECT_TRUE(compare_golden(table, measured).empty());
  measured.rows[1].counts = {41.4, 58.7};
  EXPECT_EQ(compare_golden(table, measured).size(), 2u);
}

TEST(GoldenTable, LevelsWithSecretsAndAddressesHaveLeewayWhereOthersAreExact) {
  const GoldenTable table = parse_golden("key: k\nmalloc_16 29 60 94 1000 1700 exact\n");
  GoldenTable measured = table;
  measured.rows[0].counts = {29, 60, 94, 1009, 1650};
  EXPECT_TRUE(compare_golden(table, measured).empty());
  measured.rows[0].counts = {29, 60, 95, 1011, 1648};
  EXPECT_EQ(compare_golden(table, measured).size(), 3u);
}

TEST(GoldenTable, RowsAndLevelsOfOneSideOnlyAreDifferences) {
  const GoldenTable table = parse_golden(kTable);
  GoldenTable measured = table;
  measured.rows[0].operation = "malloc_17";
  measured.rows[1].counts.pop_back();
  EXPECT_EQ(compare_golden(table, measured).size(), 3u);
}

TEST(GoldenTable, MalformedTablesAreRefused) {
  EXPECT_THROW(parse_golden("key: k\nmalloc_16 abc exact\n"), std::runtime_error);
  EXPECT_THROW(parse_golden("key: k\nmalloc_16 exact\n"), std::runtime_error);
  EXPECT_THROW(parse_golden("malloc_16 29 exact\n"), std::runtime_error);
  EXPECT_THROW(parse_golden("key: k\n"), std::runtime_error);
}

CallgrindDump dump_of(const std::string& label, int in_library) {
  return parse_callgrind("version: 1\ndesc: Trigger: Client Request: " + label +
                         "\nevents: Ir\nsummary: 999\n\nob=/lib/a.so\nfn=free\n0 " +
                         std::to_string(in_library) +
                         "\ncob=/bin/program\ncfn=main\ncalls=7 0\n0 500\n0 3\n"
                         "ob=/bin/program\nfn=main\n0 100\n");
}

TEST(Callgrind, SelfCostIsSummedByObjectAndInclusiveCostIsNot) {
  const CallgrindDump dump = dump_of("malloc_16 10", 40);
  EXPECT_EQ(dump.label, "malloc_16 10");
  EXPECT_EQ(dump.self_by_object.at("/lib/a.so"), 43u);
  EXPECT_EQ(dump.self_by_object.at("/bin/program"), 100u);
}

TEST(Callgrind, CountIsTheDifferenceOfTwoDumpsOfTheLibraryAlone) {
  const std::vector<CallgrindDump> dumps{dump_of("malloc_16 10", 300),
                                         dump_of("malloc_16 20", 590)};
  const std::vector<OperationCount> counts = counts_from_dumps(dumps, "/lib/a.so", "/bin/program");
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].operation, "malloc_16");
  EXPECT_DOUBLE_EQ(counts[0].instructions, 29.0);
  EXPECT_DOUBLE_EQ(counts_from_dumps(dumps, "", "/bin/program")[0].instructions, 29.0);
  EXPECT_DOUBLE_EQ(counts_from_dumps(dumps, "/lib/b.so", "/bin/program")[0].instructions, 0.0);
}

TEST(Callgrind, DumpWithoutPartnerIsAnError) {
  EXPECT_THROW(counts_from_dumps({dump_of("malloc_16 10", 1)}, "", ""), std::runtime_error);
  EXPECT_THROW(counts_from_dumps({dump_of("a 10", 1), dump_of("b 20", 1)}, "", ""),
               std::runtime_error);
  EXPECT_THROW(counts_from_dumps({dump_of("a 10", 1), dump_of("a 30", 1)}, "", ""),
               std::runtime_error);
}

}  // namespace
}  // namespace hakmem::bench
