// report.json parses, fits its schema, and keeps every value of the finding.
#include "integrity/report_json.h"

#include <gtest/gtest.h>

#include <string>

#include "integrity/json_sink.h"
#include "integrity/sample_finding_for_test.h"
#include "integrity/schema_for_test.h"

namespace hakmem {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kJsonBytes = 64 * kKiB;
constexpr std::uint64_t kDedup = 0x9f2c41ab77d0e3b1;

std::string document(const SampleFinding& sample, bool with_stacks, unsigned times = 1) {
  std::string text(kJsonBytes, '\0');
  TextSink sink(text.data(), text.size());
  write_json_head(sink, {4, 4121, 1700000000, "/srv/bin/server", "host"});
  for (unsigned i = 0; i < times; ++i) {
    if (i != 0) sink.text(",\n");
    write_json_finding(sink, sample.finding, sample.stacks, sample.picture, 86, kDedup,
                       with_stacks);
  }
  write_json_tail(sink, sample.picture);
  return text.substr(0, sink.size());
}

void expect_fits_schema(const Json& value) {
  for (const std::string& error : ReportSchema().errors_of(value)) ADD_FAILURE() << error;
}

TEST(ReportJson, AFullFindingFitsTheSchemaAndKeepsItsValues) {
  const Json report = Json::parse(document(*sample_finding(), true));
  expect_fits_schema(report);
  EXPECT_EQ(report["schema_version"], 1);
  EXPECT_EQ(report["pid"], 4121);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["id"], "HK102");
  EXPECT_EQ(finding["kind"], "write after free");
  EXPECT_EQ(finding["fault"], "program");
  EXPECT_EQ(finding["exit_code"], 86);
  EXPECT_EQ(finding["address"], "0x7f31c2a04d38");
  EXPECT_EQ(finding["block"]["request_bytes"], 48);
  EXPECT_EQ(finding["block"]["state"], "freed, in quarantine");
  EXPECT_EQ(finding["bytes"]["first_wrong"], 8);
  EXPECT_EQ(finding["bytes"]["last_wrong"], 11);
  EXPECT_EQ(finding["bytes"]["expected"], "a2");
  EXPECT_EQ(finding["bytes"]["window"], "a2a2a2a2a2a2a2a207000000a2a2a2a2a2a2a2a2a2a2a2a2");
  EXPECT_EQ(finding["written"]["after"], 183990);
  EXPECT_EQ(finding["written"]["before"], 184213);
  EXPECT_EQ(finding["dedup"], "HK102-9f2c41ab77d0e3b1");
  EXPECT_EQ(finding["summary"], "SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()");
}

TEST(ReportJson, TheHistoryFitsTheSchemaAndKeepsItsValues) {
  const auto sample = sample_finding();
  sample->add_history();
  const Json report = Json::parse(document(*sample, true));
  expect_fits_schema(report);
  const Json& history = report["findings"][0]["history"];
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0]["event"], "free");
  EXPECT_EQ(history[0]["sequence"], 164411);
  EXPECT_EQ(history[0]["bytes"], 40);
  EXPECT_EQ(history[0]["thread"]["name"], "main");
  EXPECT_EQ(history[0]["stack"][0]["line"], 131);
  EXPECT_EQ(report["findings"][0]["earlier_owners"], 3);
}

TEST(ReportJson, FramesHavePcModuleBuildIdAndPlace) {
  const Json report = Json::parse(document(*sample_finding(), true));
  const Json& events = report["findings"][0]["events"];
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["event"], "detected");
  EXPECT_EQ(events[0]["thread"], Json({{"id", 7}, {"name", "flusher"}}));
  EXPECT_EQ(events[0]["stack"][0],
            Json({{"pc", "0x5555000051f3"}, {"module", "/srv/bin/server"}, {"build_id", "00ff17"},
                  {"offset", "0x51f2"}, {"function", "Conn::flush()"}, {"file", "/src/conn.cpp"},
                  {"line", 88}}));
  EXPECT_EQ(events[1]["stack"][1]["inlined"], true);
  EXPECT_EQ(events[2]["stack"][0].contains("function"), false);
}

TEST(ReportJson, ABareFindingOfEveryViolationFitsTheSchema) {
  for (const ViolationRow& row : kViolationTable) {
    auto sample = sample_finding();
    sample->finding = Finding{};
    sample->finding.violation = row.violation;
    sample->stacks = ResolvedFinding{};
    const Json report = Json::parse(document(*sample, true));
    expect_fits_schema(report);
    EXPECT_EQ(report["findings"][0]["fault"], row.fault == Fault::Hakmem ? "hakmem" : "program");
  }
}

TEST(ReportJson, ARefusedCallKeepsItsValues) {
  const auto sample = sample_finding();
  sample->finding.violation = Violation::kLibraryCall;
  sample->finding.call = {true, "memcpy", true, -4, ~std::size_t{0}, false};
  const Json report = Json::parse(document(*sample, true));
  expect_fits_schema(report);
  const Json& call = report["findings"][0]["call"];
  EXPECT_EQ(call["function"], "memcpy");
  EXPECT_EQ(call["access"], "write");
  EXPECT_EQ(call["offset"], -4);
  EXPECT_GT(call["bytes"], std::int64_t{1} << 62);
  EXPECT_EQ(call["or_more"], false);
}

TEST(ReportJson, ThePictureOfTheHeapFitsTheSchemaAndKeepsItsValues) {
  const auto sample = sample_finding();
  sample->add_picture();
  const Json report = Json::parse(document(*sample, true));
  expect_fits_schema(report);
  const Json& map = report["findings"][0]["heap_map"];
  EXPECT_EQ(map["data"], "0x7f31c2a04ce0");
  EXPECT_EQ(map["states"], "LQU");
  ASSERT_EQ(map["neighbours"].size(), 2u);
  EXPECT_EQ(map["neighbours"][0]["state"], "live");
  EXPECT_EQ(map["neighbours"][0]["thread_id"], 1);
  EXPECT_EQ(map["neighbours"][0]["thread_name"], "main");
  EXPECT_EQ(map["neighbours"][1]["block_index"], 13);
  EXPECT_FALSE(map["neighbours"][1].contains("thread_id"));
  EXPECT_EQ(report["timeline"]["ms"], Json({1, 15}));
  EXPECT_EQ(report["timeline"]["live_bytes"], Json({4096, 280}));
  EXPECT_EQ(report["timeline"]["quarantined_bytes"], Json({0, 4096}));
  ASSERT_EQ(report["size_histogram"].size(), 2u);
  EXPECT_EQ(report["size_histogram"][0], Json({{"up_to_bytes", 64}, {"live_blocks", 7}}));
}

TEST(ReportJson, TheRangesOfSizesEndAtTheirLargestRequest) {
  EXPECT_EQ(SizeHistogram::range_of(0), 0u);
  EXPECT_EQ(SizeHistogram::range_of(16), 0u);
  EXPECT_EQ(SizeHistogram::range_of(17), 1u);
  EXPECT_EQ(SizeHistogram::up_to_bytes(SizeHistogram::range_of(4096)), 4096u);
  EXPECT_EQ(SizeHistogram::up_to_bytes(SizeHistogram::range_of(4097)), 8192u);
}

TEST(ReportJson, AFindingWithoutStacksHasRoomForTheLargestSlab) {
  const auto sample = sample_finding();
  sample->add_picture();
  sample->picture.slab.count = kSlabStatesMax;
  std::memset(sample->picture.slab.states, 'L', kSlabStatesMax);
  std::string text(24 * kKiB, '\0');
  TextSink sink(text.data(), text.size());
  write_json_finding(sink, sample->finding, sample->stacks, sample->picture, 86, kDedup, false);
  EXPECT_FALSE(sink.truncated());
}

TEST(ReportJson, WithoutStacksAndWithSeveralFindingsItStillFits) {
  const auto sample = sample_finding();
  sample->finding.bytes.keyed = true;
  sample->finding.block.large = true;
  const Json report = Json::parse(document(*sample, false, 3));
  expect_fits_schema(report);
  EXPECT_EQ(report["findings"].size(), 3u);
  EXPECT_TRUE(report["findings"][2]["events"][0]["stack"].empty());
}

TEST(ReportJson, ABlockOnPagesOfItsOwnHasNoClassAndNoPlaceInASlab) {
  const auto sample = sample_finding();
  sample->finding.block = {};
  sample->finding.block.known = true;
  sample->finding.block.own_pages = true;
  const Json report = Json::parse(document(*sample, true, 1));
  expect_fits_schema(report);
  const Json& block = report["findings"][0]["block"];
  EXPECT_EQ(block["own_pages"], true);
  EXPECT_FALSE(block.contains("class") || block.contains("block_index"));
}

TEST(ReportJson, TheSchemaCheckRejectsWhatTheSchemaDoesNotAllow) {
  Json report = Json::parse(document(*sample_finding(), true));
  report["findings"][0]["extra"] = 1;
  EXPECT_FALSE(ReportSchema().errors_of(report).empty());
  report["findings"][0].erase("extra");
  EXPECT_TRUE(ReportSchema().errors_of(report).empty());
  report["findings"][0].erase("dedup");
  EXPECT_FALSE(ReportSchema().errors_of(report).empty());
}

std::string as_json_string(const char* value) {
  std::string text(kJsonBytes, '\0');
  TextSink sink(text.data(), text.size());
  JsonSink(sink).begin_object().string("s", value).end_object();
  return Json::parse(text.substr(0, sink.size()))["s"];
}

TEST(JsonSink, StringsComeBackAsTheyWere) {
  EXPECT_EQ(as_json_string("a\"b\\c\n\t\x01 d"), "a\"b\\c\n\t\x01 d");
  EXPECT_EQ(as_json_string("ä€𝄞"), "ä€𝄞");
}

TEST(JsonSink, BytesThatAreNoUtf8AreReplaced) {
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(as_json_string("a\xff""b"), "a" + replaced + "b");
  EXPECT_EQ(as_json_string("\xc0\xaf"), replaced + replaced);      // overlong
  EXPECT_EQ(as_json_string("\xed\xa0\x80"), replaced + replaced + replaced);  // a surrogate
  EXPECT_EQ(as_json_string("\xe2\x82"), replaced + replaced);      // cut short
}

TEST(JsonSink, LongStringsAreCut) {
  const std::string longer(JsonSink::kStringBytesMax + 50, 'x');
  EXPECT_EQ(as_json_string(longer.c_str()).size(), JsonSink::kStringBytesMax);
}

TEST(JsonSink, NumbersKeepTheirSign) {
  std::string text(kJsonBytes, '\0');
  TextSink sink(text.data(), text.size());
  JsonSink(sink).begin_object().number("a", -16).number("b", INT64_MIN).number("c", 7).end_object();
  EXPECT_EQ(text.substr(0, sink.size()), R"({"a":-16,"b":-9223372036854775808,"c":7})");
}

}  // namespace
}  // namespace hakmem
