// Text and JSON: what people and scripts read.
#include <gtest/gtest.h>

#include "tools/render.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

TEST(RenderText, AFindingIsOneBlockWithItsSentenceSecond) {
  const std::string text = render_text(parsed(sample_report()));
  EXPECT_TRUE(text.starts_with("━━ HAKMEM ━━ " + hk(102) + " write after free ━"));
  const std::size_t second = text.find('\n') + 1;
  EXPECT_EQ(text.substr(second, text.find('\n', second) - second),
            "4 bytes at +8 of a freed 40-byte block were changed after free().");
  for (const char* part :
       {"level 4 · pid 4121\n", "  address 0x7f31c2a00488\n",
        "  block 0x7f31c2a00480   40 B (class 3)   block 17 of slab 0x7f31c2a00030\n",
        "freed, from malloc   stride 64 B   SuperSlab 0x7f31c2a00000\n",
        "        +00  a2 a2 a2 a2 a2 a2 a2 a2  07 00 00 00 a2 a2 a2 a2   expected a2\n",
        "        wrong: +08 to +0b\n",
        "  WRITTEN   between operations #300 and #512\n", "  FREED     T3 \"worker\"  #300\n",
        "    #0 Conn::~Conn()           conn.cpp:131    server+0x51a6\n",
        "  LIKELY   a dangling pointer kept by T7   confidence: high\n", "  report r/report.json\n",
        "SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()\n",
        "1 finding in 1 report\n"}) {
    EXPECT_TRUE(has_part(text, part)) << part << "\nin\n" << text;
  }
}

TEST(RenderText, TheNeighboursStandBelowTheBlock) {
  Json report = sample_report();
  add_pictures(report);
  const std::string text = render_text(parsed(report));
  EXPECT_TRUE(has_part(text,
                  "SuperSlab 0x7f31c2a00000\n"
                  "  prev  0x7f31c2a00440   33 B   live, of T3 \"worker\"\n"
                  "        +00"))
      << text;
  report["findings"][0]["heap_map"]["neighbours"][0]["state"] = kHostileName;
  EXPECT_FALSE(has_part(render_text(parsed(report)), "\x1b"));
}

TEST(RenderText, TheHistoryFollowsTheStacks) {
  Json report = sample_report();
  add_history(report);
  const std::string text = render_text(parsed(report));
  EXPECT_TRUE(has_part(text,
                  "  HISTORY   of this address, newest first\n"
                  "    #164411   free   40 B      T1 main       Conn::~Conn()  conn.cpp:131\n"
                  "    #164400   alloc  40 B      T1 main       Conn::~Conn()  conn.cpp:131\n"
                  "    and 3 earlier owners\n"
                  "  LIKELY"))
      << text;
  Json hostile = sample_report();
  add_history(hostile, kHostileName);
  EXPECT_FALSE(has_part(render_text(parsed(hostile)), "\x1b"));
}

TEST(RenderText, OurOwnBugIsSaidBeforeAnythingElse) {
  const std::string text =
      render_text(parsed(sample_report(1, Json::array({sample_finding(905)}))));
  EXPECT_TRUE(text.substr(text.find('\n') + 1).starts_with(kOurBug)) << text;
}

TEST(RenderText, RepeatedFindingsAreCounted) {
  const Report one = parsed(sample_report(8)), two = parsed(sample_report(9));
  const std::string text = render_text(merge_reports({one, two, two}));
  EXPECT_TRUE(has_part(text,
                       "Seen 3 times in 3 processes: 8 server, 9 server, 9 server.\n")) << text;
  EXPECT_TRUE(has_part(text, "1 finding, seen 3 times in 3 reports\n")) << text;
}

TEST(RenderText, NoReportHasNoFindings) {
  EXPECT_EQ(render_text(Report{}), "no findings in 0 reports\n");
}

TEST(RenderText, OffsetsAtTheEndsOfTheirRangeAreShown) {
  Json report = sample_report();
  Json& bytes = report["findings"][0]["bytes"];
  bytes["first_wrong"] = INT64_MIN;
  bytes["last_wrong"] = INT64_MAX;
  bytes["window_begin"] = INT64_MAX;
  EXPECT_TRUE(has_part(render_text(parsed(report)),
                       "wrong: -8000000000000000 to +7fffffffffffffff"));
}

TEST(RenderText, HostileNamesSendNothingToTheTerminal) {
  const std::string text = render_text(parsed(hostile_report(), kHostileName));
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_FALSE(has_part(text, "\xe2\x80\xae"));
  EXPECT_TRUE(has_part(text, "\\x1b[31m"));
}

TEST(RenderText, ADiffBeginsWithItsCounts) {
  const auto with = [](int number) {
    return parsed(sample_report(number, Json::array({sample_finding(102, number)})));
  };
  const Report newer = merge_reports({with(1), with(2)}), older = merge_reports({with(2), with(3)});
  const std::string text = render_text(diff_reports(newer, older), newer);
  EXPECT_TRUE(text.starts_with("1 new, 1 gone, 1 in both\n+ " + token(102, 1) + "  4 bytes"));
  EXPECT_TRUE(has_part(text, "\n- " + token(102, 3)));
  EXPECT_TRUE(has_part(text, "\n= " + token(102, 2)));
  const Json json = Json::parse(render_json(diff_reports(newer, older), newer));
  EXPECT_EQ(json["findings"][0]["status"], "new");
  EXPECT_EQ(json["findings"][1]["status"], "both");
  EXPECT_EQ(json["findings"][2]["status"], "gone");
  EXPECT_TRUE(json["findings"][2]["processes"].empty());
}

TEST(RenderJson, EveryKeyOfTheFindingIsKept) {
  Json report = sample_report();
  add_pictures(report);
  report["findings"][0]["of_tomorrow"] = {{"x", 1}};
  const Json merged = Json::parse(render_json(parsed(report)));
  Json finding = merged["findings"][0];
  EXPECT_EQ(finding["count"], 1);
  EXPECT_EQ(finding["processes"], Json::array({0}));
  finding.erase("count");
  finding.erase("processes");
  EXPECT_EQ(finding, report["findings"][0]);
  EXPECT_EQ(merged["processes"][0]["timeline"], report["timeline"]);
  EXPECT_EQ(merged["processes"][0]["file"], "r/report.json");
}

TEST(RenderJson, AFileNameThatIsNoUtf8IsNotRefused) {
  EXPECT_TRUE(Json::accept(render_json(parsed(sample_report(), "\xff/report.json"))));
}

}  // namespace
}  // namespace hakmem::tools
