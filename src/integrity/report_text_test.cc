// The text of a full finding, word for word, and what is left out when little is known.
#include "integrity/report_text.h"

#include <gtest/gtest.h>

#include <string>

#include "integrity/sample_finding_for_test.h"

namespace hakmem {
namespace {

constexpr std::size_t kTextBytes = 16 * kKiB;

std::string head_of(const Finding& finding, const ReportFacts& facts) {
  std::string text(kTextBytes, '\0');
  TextSink sink(text.data(), text.size());
  write_report_head(sink, finding, facts);
  return text.substr(0, sink.size());
}

std::string body_of(const SampleFinding& sample, const ReportFacts& facts) {
  std::string text(kTextBytes, '\0');
  TextSink sink(text.data(), text.size());
  write_report_body(sink, sample.finding, sample.stacks, facts);
  return text.substr(0, sink.size());
}

std::size_t columns_of(const std::string& line) {
  std::size_t columns = 0;
  for (const char c : line) columns += (c & 0xc0) != 0x80;
  return columns;
}

ReportFacts plain_facts() {
  ReportFacts facts;
  facts.level = 4;
  facts.process = 4121;
  facts.dedup = 0x9f2c41ab77d0e3b1;
  facts.report_path = "hk.4121/report.json";
  return facts;
}

constexpr const char* kGolden =
    R"(━━ HAKMEM ━━ HK102 write after free ━━━━━━━━━━━━━━━━━━━━━━━━━ level 4 · pid 4121
4 bytes at +8 of a freed 48-byte block were changed after free().
Freed by T3 "worker-2"; found by T7 "flusher".

  address 0x7f31c2a04d38
  block 0x7f31c2a04d30   48 B (class 3)   block 12 of slab 0x7f31c2a00000
        freed, in quarantine, from malloc   stride 64 B   SuperSlab 0x7f31c2a00000
        +00  a2 a2 a2 a2 a2 a2 a2 a2  07 00 00 00 a2 a2 a2 a2   expected a2
        +10  a2 a2 a2 a2 a2 a2 a2 a2
        wrong: +08 to +0b
  WRITTEN   between operations #183990 and #184213
  DETECTED  T7 "flusher"  #184213
    #0 Conn::flush()           conn.cpp:88     server+0x51f2
  FREED     T3 "worker-2"  #183990
    #0 cfree                   libc.so.6+0x99a10
    #1 std::default_delete<char>::operator() unique_ptr.h:95 (inlined)
    #2 Conn::~Conn()           conn.cpp:131    server+0x5100
  ALLOCATED T1 "main"  #181002
    #0 server+0x4f00
  LIKELY   a dangling pointer kept by T7   confidence: high
  dedup HK102-9f2c41ab77d0e3b1   explain: hakmem explain HK102
  report hk.4121/report.json
SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()
)";

TEST(ReportText, AFullFindingReadsLikeThis) {
  const auto sample = sample_finding();
  const ReportFacts facts = plain_facts();
  EXPECT_EQ(head_of(sample->finding, facts) + body_of(*sample, facts), kGolden);
}

TEST(ReportText, TheBlocksBesideItStandBelowTheBlock) {
  const auto sample = sample_finding();
  sample->add_picture();
  const std::string body = body_of(*sample, plain_facts());
  EXPECT_NE(body.find("SuperSlab 0x7f31c2a00000\n"
                      "  prev  0x7f31c2a04cf0   40 B   live, of T1 \"main\"\n"
                      "  next  0x7f31c2a04d70   never allocated\n"),
            std::string::npos)
      << body;
  sample->finding.before.known = false;
  EXPECT_EQ(body_of(*sample, plain_facts()).find("prev"), std::string::npos);
}

TEST(ReportText, TheFirstLineOfEveryViolationNamesItIn80Columns) {
  for (const ViolationRow& row : kViolationTable) {
    Finding finding;
    finding.violation = row.violation;
    const std::string head = head_of(finding, plain_facts());
    const std::string first = head.substr(0, head.find('\n'));
    EXPECT_NE(first.find("HK" + std::to_string(id_of(row.violation)) + " " + row.kind),
              std::string::npos);
    EXPECT_EQ(columns_of(first), 80u) << first;
  }
}

TEST(ReportText, OurOwnFaultIsSaidInTheSecondLineAndOnlyThen) {
  for (const ViolationRow& row : kViolationTable) {
    Finding finding;
    finding.violation = row.violation;
    const std::string head = head_of(finding, plain_facts());
    const std::string second = head.substr(head.find('\n') + 1);
    EXPECT_EQ(second.starts_with("This is a bug in HAKMEM, not in your program.\n"),
              row.fault == Fault::Hakmem);
  }
}

TEST(ReportText, WhatIsNotKnownIsNotPrinted) {
  auto sample = sample_finding();
  sample->finding = Finding{};
  sample->stacks = ResolvedFinding{};
  ReportFacts facts = plain_facts();
  facts.report_path = "";
  std::string meaning = row_of(Violation::kDoubleFree).meaning;
  meaning += '\n';
  EXPECT_EQ(head_of(sample->finding, facts).substr(head_of(sample->finding, facts).find('\n') + 1),
            meaning);
  EXPECT_EQ(body_of(*sample, facts),
            "\n  dedup HK101-9f2c41ab77d0e3b1   explain: hakmem explain HK101\n"
            "SUMMARY: HAKMEM: double-free\n");
}

TEST(ReportText, TheHistoryFollowsTheStacks) {
  const auto sample = sample_finding();
  sample->add_history();
  const std::string body = body_of(*sample, plain_facts());
  EXPECT_NE(body.find("  HISTORY   of this address, newest first\n"
                      "    #164411   free   40 B      T1 main       Conn::~Conn()  conn.cpp:131\n"
                      "    #164400   alloc  40 B      T1 main       server+0x4f00\n"
                      "    and 3 earlier owners\n"
                      "  LIKELY"),
            std::string::npos)
      << body;
}

TEST(ReportText, TheSummaryPrefersTheProgramsFrameOfTheStackThatFits) {
  auto sample = sample_finding();
  const auto summary = [&sample] {
    const std::string body = body_of(*sample, plain_facts());
    return body.substr(body.find("SUMMARY"));
  };
  sample->finding.violation = Violation::kDoubleFree;
  EXPECT_EQ(summary(), "SUMMARY: HAKMEM: double-free conn.cpp:88 in Conn::flush()\n");
  sample->finding.violation = Violation::kLeak;
  EXPECT_EQ(summary(), "SUMMARY: HAKMEM: leak server+0x4f00\n");
  sample->stacks.allocated.count = 0;
  EXPECT_EQ(summary(), "SUMMARY: HAKMEM: leak conn.cpp:131 in Conn::~Conn()\n");
}

TEST(ReportText, ColourOnlyWhenAskedForAndAroundTheSameText) {
  const auto sample = sample_finding();
  ReportFacts facts = plain_facts();
  EXPECT_EQ(body_of(*sample, facts).find('\033'), std::string::npos);
  facts.color = true;
  std::string painted = head_of(sample->finding, facts) + body_of(*sample, facts);
  EXPECT_NE(painted.find("\033[1;31m07\033[0m"), std::string::npos);
  for (const std::string code : {"\033[1;31m", "\033[1m", "\033[0m"}) {
    for (std::size_t at; (at = painted.find(code)) != std::string::npos;) {
      painted.erase(at, code.size());
    }
  }
  EXPECT_EQ(painted, kGolden);
}

TEST(ReportText, ALongFunctionIsCutInTheStackAndWholeInTheSummary) {
  auto sample = sample_finding();
  const std::string name(400, 'f');
  sample->finding.violation = Violation::kDoubleFree;
  sample->stacks.detected.frames[0].function = name.c_str();
  const std::string body = body_of(*sample, plain_facts());
  EXPECT_NE(body.find("#0 " + name.substr(0, 160) + " … conn.cpp:88"), std::string::npos) << body;
  EXPECT_NE(body.find(" in " + name + "\n"), std::string::npos);
}

TEST(ReportText, AdviceNamesTheNextStep) {
  auto sample = sample_finding();
  ReportFacts facts = plain_facts();
  facts.level = 2;
  EXPECT_NE(body_of(*sample, facts).find("NEXT     HAKMEM_INTEGRITY_LEVEL=4"), std::string::npos);
  facts.level = 4;
  EXPECT_EQ(body_of(*sample, facts).find("NEXT"), std::string::npos);
  sample->stacks.detected.count = sample->stacks.freed.count = 0;
  EXPECT_NE(body_of(*sample, facts).find("with -g"), std::string::npos);
}

TEST(DedupHash, DependsOnTheProgramsFramesAndNotOnAddresses) {
  auto sample = sample_finding();
  const std::uint64_t hash = dedup_hash(sample->finding, sample->stacks);
  sample->stacks.detected.frames[0].pc += kPageBytes;
  sample->stacks.freed.frames[0].offset += 8;  // a frame of libc
  EXPECT_EQ(dedup_hash(sample->finding, sample->stacks), hash);
  sample->stacks.detected.frames[0].line += 1;
  EXPECT_NE(dedup_hash(sample->finding, sample->stacks), hash);
  sample->stacks.detected.frames[0].line -= 1;
  sample->stacks.allocated.frames[0].offset += 8;  // without a line, the offset is its name
  EXPECT_NE(dedup_hash(sample->finding, sample->stacks), hash);
  sample->stacks.allocated.frames[0].offset -= 8;
  sample->finding.violation = Violation::kDoubleFree;
  EXPECT_NE(dedup_hash(sample->finding, sample->stacks), hash);
}

}  // namespace
}  // namespace hakmem
