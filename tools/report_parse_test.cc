#include "tools/report_parse.h"

#include <gtest/gtest.h>

#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

/// What is said of a text that is no report; empty when it is one.
std::string complaint(const std::string& text) {
  try {
    parse_report(text, "f");
  } catch (const MalformedReport& error) {
    return error.what();
  }
  return {};
}

std::string complaint(const Json& json) { return complaint(json.dump()); }

TEST(ReportParse, EveryValueOfAFullReportArrives) {
  Json json = sample_report();
  add_pictures(json);
  add_history(json);
  const Report report = parsed(json);
  ASSERT_EQ(report.processes.size(), 1u);
  EXPECT_EQ(report.processes[0].pid, 4121);
  EXPECT_EQ(report.processes[0].file, "r/report.json");
  EXPECT_EQ(report.processes[0].timeline->mapped_bytes[1], 131072u);
  EXPECT_EQ(report.processes[0].size_histogram[1].up_to_bytes, 64u);
  ASSERT_EQ(report.findings.size(), 1u);
  const Finding& finding = report.findings[0];
  EXPECT_EQ(finding.block->user, 0x7f31c2a00480u);
  EXPECT_EQ(finding.block->block_index, 17u);
  EXPECT_EQ(finding.bytes->window[8], 0x07);
  EXPECT_EQ(finding.written->after, 300u);
  EXPECT_EQ(finding.written->before, 512u);
  EXPECT_EQ(finding.heap_map->neighbours[0].request_bytes, 33u);
  EXPECT_EQ(finding.heap_map->neighbours[0].thread_id, 3u);
  ASSERT_EQ(finding.events.size(), 3u);
  EXPECT_EQ(finding.events[1].stack[0].line, 131u);
  ASSERT_EQ(finding.history.size(), 2u);
  EXPECT_EQ(finding.history[1].what, "alloc");
  EXPECT_EQ(finding.history[0].sequence, 164411u);
  EXPECT_EQ(finding.history[0].frame->line, 131u);
  EXPECT_EQ(finding.earlier_owners, 3u);
  EXPECT_FALSE(finding.ours);
  EXPECT_EQ(finding.count, 1u);
  EXPECT_EQ(finding.processes, std::vector<std::size_t>{0});
}

TEST(ReportParse, ABareFindingIsEnoughAndUnknownKeysStay) {
  Json finding = sample_finding(901);
  for (const char* key : {"address", "block", "bytes", "likely", "confidence"}) finding.erase(key);
  finding["events"] = Json::array();
  finding["of_tomorrow"] = 5;
  const Report report = parsed(sample_report(1, Json::array({finding})));
  EXPECT_TRUE(report.findings[0].ours);
  EXPECT_FALSE(report.findings[0].block);
  EXPECT_EQ(report.findings[0].raw["of_tomorrow"], 5);
}

TEST(ReportParse, TheBlamedFrameIsTheOneOfTheSummary) {
  const Report report = parsed(sample_report());
  const Blame blame = blamed_frame(report.findings[0]);
  ASSERT_NE(blame.frame, nullptr);
  EXPECT_EQ(blame.event->name, "freed");
  EXPECT_EQ(blame.frame->line, 131u);
}

TEST(ReportParse, TextThatIsNoReportIsNamed) {
  EXPECT_EQ(complaint(std::string()), "empty");
  EXPECT_EQ(complaint(std::string(" \n\t")), "empty");
  EXPECT_EQ(complaint(std::string("[]")), "$ is not an object");
  EXPECT_EQ(complaint(std::string("{\"tool\":\"hakmem\"")), "no JSON at byte 17");
  EXPECT_NE(complaint(std::string("\x7f"
                                  "ELF\0\1",
                                  6)),
            "");
  EXPECT_NE(complaint(std::string("{\"tool\":\"\xff\"}")), "") << "no UTF-8";
  EXPECT_EQ(complaint(std::string(100'000, '[')), "deeper than 64 levels");
  EXPECT_EQ(complaint(std::string("{\"a\":") + std::string(100'000, '[')), "deeper than 64 levels");
  EXPECT_EQ(complaint(std::string("{\"a\":1e999}")), "a number that no computer's type holds");
  EXPECT_EQ(complaint(Json::object()), "$.tool is missing");
  EXPECT_EQ(complaint(Json{{"tool", "other"}}), "$.tool is not hakmem");
}

TEST(ReportParse, ANewerSchemaIsNotGuessedAt) {
  Json json = sample_report();
  json["schema_version"] = 2;
  EXPECT_EQ(complaint(json), "$.schema_version is 2, this program reads 1");
}

/// The sample with one value replaced, or removed when `value` is null.
std::string complaint_after(const char* pointer, const Json& value) {
  Json json = sample_report();
  add_pictures(json);
  const Json::json_pointer at(pointer);
  if (value.is_null()) {
    json[at.parent_pointer()].erase(at.back());
  } else {
    json[at] = value;
  }
  return complaint(json);
}

TEST(ReportParse, AMissingKeyIsNamedByItsPlace) {
  for (const auto& [pointer, place] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/level", "$.level"},
           {"/pid", "$.pid"},
           {"/time", "$.time"},
           {"/findings", "$.findings"},
           {"/findings/0/id", "$.findings[0].id"},
           {"/findings/0/dedup", "$.findings[0].dedup"},
           {"/findings/0/events", "$.findings[0].events"},
           {"/findings/0/block/user", "$.findings[0].block.user"},
           {"/findings/0/events/1/stack/0/pc", "$.findings[0].events[1].stack[0].pc"},
           {"/findings/0/heap_map/states", "$.findings[0].heap_map.states"},
           {"/timeline/ms", "$.timeline.ms"},
           {"/size_histogram/1/live_blocks", "$.size_histogram[1].live_blocks"}}) {
    EXPECT_EQ(complaint_after(pointer, nullptr), std::string(place) + " is missing");
  }
}

TEST(ReportParse, AWrongValueIsNamedByItsPlace) {
  for (const auto& [pointer, value] : std::initializer_list<std::pair<const char*, Json>>{
           {"/level", 5},
           {"/level", -1},
           {"/level", "4"},
           {"/pid", 0},
           {"/time", 1e30},
           {"/time", 18446744073709551615U},
           {"/program", 7},
           {"/findings", 7},
           {"/findings/0", "text"},
           {"/findings/0/id", "HK1"},
           {"/findings/0/fault", "nobody"},
           {"/findings/0/exit_code", 0},
           {"/findings/0/exit_code", 256},
           {"/findings/0/address", "7f00"},
           {"/findings/0/address", "0x"},
           {"/findings/0/address", "0x12345678901234567"},
           {"/findings/0/address", 12},
           {"/findings/0/dedup", "<b>"},
           {"/findings/0/block/large", 1},
           {"/findings/0/block/request_bytes", -1},
           {"/findings/0/bytes/window", "a"},
           {"/findings/0/bytes/window", "zz"},
           {"/findings/0/bytes/expected", "xyz"},
           {"/findings/0/events/0/event", "imagined"},
           {"/findings/0/events/0/stack", "main"},
           {"/findings/0/heap_map/stride_bytes", 0},
           {"/findings/0/heap_map/states", "LLX"},
           {"/timeline/ms", Json::array({0, 10})},
           {"/timeline/ms", Json::array({0, 20, 10})},
           {"/timeline/live_bytes", Json::array({0, "x", 1})},
           {"/size_histogram", 3}}) {
    const std::string said = complaint_after(pointer, value);
    EXPECT_TRUE(said.starts_with("$.")) << pointer << " " << value << ": " << said;
  }
}

TEST(ReportParse, AMergeWithAWrongCountOrProcessIsMalformed) {
  Json merged = {{"schema_version", 1},
                 {"tool", "hakmem"},
                 {"processes", Json::array()},
                 {"troubles", Json::array()},
                 {"findings", Json::array({sample_finding()})}};
  EXPECT_EQ(complaint(merged), "$.findings[0].count is missing");
  merged["findings"][0]["count"] = 0;
  merged["findings"][0]["processes"] = Json::array();
  EXPECT_EQ(complaint(merged), "$.findings[0].count is not from 1 to 9007199254740991");
  merged["findings"][0]["count"] = UINT64_MAX;
  EXPECT_EQ(complaint(merged), "$.findings[0].count is not from 1 to 9007199254740991");
  merged["findings"][0]["count"] = 1;
  merged["findings"][0]["processes"] = Json::array({0});
  EXPECT_EQ(complaint(merged), "$.findings[0].processes names a process that is not there");
}

}  // namespace
}  // namespace hakmem::tools
