// The words and pictures of the report page; page_and_xml_test.py reads it as a browser does.
#include <gtest/gtest.h>

#include "tools/render.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

constexpr const char* kSentence =
    "<p class=\"sentence\">4 bytes at +8 of a freed 40-byte block were changed after free().</p>";

TEST(RenderHtml, AReportOfTodaySaysWhatItHasNoDataFor) {
  const std::string page = render_html(parsed(sample_report()));
  EXPECT_TRUE(has_part(page, kSentence));
  EXPECT_TRUE(has_part(page, "class=\"block-map\""));
  EXPECT_TRUE(has_part(page, "<rect class=\"frame\""));
  EXPECT_TRUE(has_part(page, "wrong: +8 to +11"));
  EXPECT_TRUE(has_part(page, "The report has no states of the other blocks of this slab"));
  EXPECT_TRUE(has_part(page, "No timeline: the report has no samples"));
  EXPECT_TRUE(has_part(page, "No size histogram: the report has no counts by size."));
  EXPECT_FALSE(has_part(page, "<script"));
  EXPECT_FALSE(has_part(page, "class=\"slab-map\""));
  EXPECT_EQ(has_part(page, "state not in the report"), true) << "neighbours are not invented";
}

TEST(RenderHtml, PicturesAreDrawnFromWhatTheReportHas) {
  Json report = sample_report();
  add_pictures(report);
  const std::string page = render_html(parsed(report));
  EXPECT_TRUE(has_part(page, "class=\"slab-map\""));
  EXPECT_TRUE(has_part(page, "<title>block 17 of this finding</title>"));
  EXPECT_TRUE(has_part(page, "<title>blocks 0 to 15: live</title>"));
  EXPECT_TRUE(has_part(page, "<title>live 33 B T3 worker</title>"));
  EXPECT_TRUE(has_part(page, "\"live\":[0,4096,1024]"));
  EXPECT_TRUE(has_part(page, "\"up_to\":[16,64]"));
  EXPECT_TRUE(has_part(page, "(v1.6.32)"));
  EXPECT_FALSE(has_part(page, "class=\"missing\">No "));
}

TEST(RenderHtml, NeighboursAreDrawnAlsoWhereBlocksBeginBehindTheirSlab) {
  Json report = sample_report();
  add_pictures(report);
  report["findings"][0]["block"]["slab"] = "0x7f31c2a00000";
  const std::string page = render_html(parsed(report));
  EXPECT_TRUE(has_part(page, "<title>live 33 B T3 worker</title>"));
  EXPECT_TRUE(has_part(page, ">block 18</text>"));
}

TEST(RenderHtml, NothingNamesAnAddressOutsideThePage) {
  Json report = sample_report();
  add_pictures(report);
  const std::string page = render_html(parsed(report));
  for (const char* part : {"http:", "https:", "src=", "@import", "url("}) {
    EXPECT_FALSE(has_part(page, part)) << part;
  }
}

TEST(RenderHtml, NumbersThatFitNoBlockAreNotDrawnAsOne) {
  for (const char* key : {"request_bytes", "stride_bytes", "block_index"}) {
    Json report = sample_report();
    add_pictures(report);
    report["findings"][0]["block"][key] = UINT64_MAX;
    const std::string page = render_html(parsed(report));
    EXPECT_TRUE(has_part(page, "class=\"block-map\"")) << key;
    EXPECT_FALSE(has_part(page, "nan") || has_part(page, "inf,")) << key;
  }
}

TEST(RenderHtml, ALongMapIsCutAroundTheFramedBlock) {
  Json report = sample_report();
  add_pictures(report);
  report["findings"][0]["heap_map"]["states"] = std::string(1'000'000, 'L');
  report["findings"][0]["block"]["block_index"] = 500'000;
  const std::string page = render_html(parsed(report));
  EXPECT_TRUE(has_part(page, "of 1000000 are drawn"));
  EXPECT_TRUE(has_part(page, "<title>block 500000 of this finding</title>"));
  EXPECT_LT(page.size(), 1'000'000u);
}

TEST(RenderHtml, AFindingWithoutABlockAndALargeOneSaySo) {
  Json report = sample_report();
  report["findings"][0].erase("block");
  EXPECT_TRUE(has_part(render_html(parsed(report)), "the report names no block for this finding"));
  report = sample_report();
  report["findings"][0]["block"] = {{"user", "0x7f0000000000"},
                                    {"request_bytes", 100000},
                                    {"large", true},
                                    {"run", "0x7f0000000000"}};
  EXPECT_TRUE(has_part(render_html(parsed(report)), "it has a run of its own and no slab"));
}

TEST(RenderHtml, HostileTextIsTextOnly) {
  Json json = hostile_report();
  add_pictures(json);
  json["findings"][0]["heap_map"]["neighbours"][0]["state"] = kHostileName;
  const std::string page = render_html(parsed(json, kHostileName));
  EXPECT_FALSE(has_part(page, "<script>alert"));
  EXPECT_FALSE(has_part(page, "<b>"));
  EXPECT_FALSE(has_part(page, "\x1b"));
  EXPECT_TRUE(has_part(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(RenderHtml, ACleanRunHasAPageToo) {
  EXPECT_TRUE(has_part(render_html(Report{}), "<h1>HAKMEM: no findings</h1>"));
}

TEST(RenderHtml, ATroubleIsOnThePage) {
  Report report;
  report.troubles = {"killed by <signal>"};
  EXPECT_TRUE(has_part(render_html(report), "<p class=\"trouble\">killed by &lt;signal&gt;</p>"));
}

}  // namespace
}  // namespace hakmem::tools
