// What the schema cannot say of a SARIF log; sarif_valid_test.py holds it against the schema.
#include <gtest/gtest.h>

#include "base/violation.h"
#include "tools/explanation.h"
#include "tools/render.h"
#include "tools/report_sample_for_test.h"

namespace hakmem::tools {
namespace {

Json run_of(const Report& report, const std::filesystem::path& root = "/src",
            const ReportDiff* diff = nullptr) {
  return Json::parse(render_sarif(report, diff, root))["runs"][0];
}

TEST(RenderSarif, EveryErrorIsARuleWithItsHelp) {
  const Json rules = run_of(Report{})["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), std::size(kViolationTable));
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const ViolationRow& row = kViolationTable[i];
    const bool ours = row.fault == Fault::Hakmem;
    EXPECT_EQ(rules[i]["id"], hk(id_of(row.violation)));
    EXPECT_EQ(rules[i]["name"], row.identifier);
    EXPECT_EQ(rules[i]["defaultConfiguration"]["level"], ours ? "warning" : "error");
    const std::string help = rules[i]["help"]["text"];
    EXPECT_NE(help.find(explanation_of(id_of(row.violation))->next), std::string::npos);
    const std::string full = rules[i]["fullDescription"]["text"];
    EXPECT_EQ(full.starts_with(kOurBug), ours) << full;
  }
}

TEST(RenderSarif, AFindingIsAResultAtTheBlamedLine) {
  const Json run = run_of(parsed(sample_report()));
  const Json result = run["results"][0];
  EXPECT_EQ(result["ruleId"], hk(102));
  EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"], hk(102));
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["partialFingerprints"]["hakmemDedup/v1"], token(102, 1));
  EXPECT_EQ(result["occurrenceCount"], 1);
  const Json place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "conn.cpp");
  EXPECT_EQ(place["artifactLocation"]["uriBaseId"], "SRCROOT");
  EXPECT_EQ(place["region"]["startLine"], 131);
  EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///src/");
  EXPECT_EQ(run["invocations"][0]["executionSuccessful"], true);
}

TEST(RenderSarif, TheThreeStacksAreThereAndTheFlowIsInTheOrderOfTime) {
  const Json result = run_of(parsed(sample_report()))["results"][0];
  ASSERT_EQ(result["stacks"].size(), 3u);
  EXPECT_EQ(result["stacks"][0]["message"]["text"], "detected by T7 \"worker\"");
  EXPECT_EQ(result["stacks"][1]["frames"].size(), 2u);
  const Json flows = result["codeFlows"][0]["threadFlows"];
  ASSERT_EQ(flows.size(), 3u);
  int order = 0;
  for (const auto& [flow, text] :
       {std::pair{0, "allocated by"}, {1, "freed by"}, {2, "detected by"}}) {
    const Json thread = flows[static_cast<std::size_t>(flow)];
    EXPECT_TRUE(thread["message"]["text"].get<std::string>().starts_with(text));
    for (const Json& step : thread["locations"]) EXPECT_EQ(step["executionOrder"], order++);
    EXPECT_EQ(thread["locations"][0]["location"]["logicalLocations"][0]["fullyQualifiedName"],
              "main");
  }
}

TEST(RenderSarif, SourcesElsewhereHaveAWholeUri) {
  const Json result = run_of(parsed(sample_report()), "/srv/bin")["results"][0];
  const Json place = result["locations"][0]["physicalLocation"]["artifactLocation"];
  EXPECT_EQ(place["uri"], "file:///src/conn.cpp");
  EXPECT_FALSE(place.contains("uriBaseId"));
}

TEST(RenderSarif, AFrameWithoutALineIsAnAddressInItsFile) {
  Json report = sample_report();
  for (Json& event : report["findings"][0]["events"]) {
    event["stack"] = Json::array({{{"pc", "0xffffffffff600000"}},
                                  {{"pc", "0x5001"}, {"module", "/bin/a"}, {"offset", "0x5000"}}});
  }
  const Json frames = run_of(parsed(report))["results"][0]["stacks"][0]["frames"];
  const Json far = frames[0]["location"]["physicalLocation"]["address"];
  EXPECT_EQ(far["name"], "0xffffffffff600000");
  EXPECT_FALSE(far.contains("absoluteAddress")) << "no reader of JSON keeps 64 bits";
  const Json near = frames[1]["location"]["physicalLocation"];
  EXPECT_EQ(near["artifactLocation"]["uri"], "file:///bin/a");
  EXPECT_EQ(near["address"]["relativeAddress"], 0x5000);
}

TEST(RenderSarif, OurOwnBugIsMarkedAndNoError) {
  const Json result =
      run_of(parsed(sample_report(1, Json::array({sample_finding(905)}))))["results"][0];
  EXPECT_EQ(result["level"], "warning");
  EXPECT_TRUE(result["message"]["text"].get<std::string>().starts_with(kOurBug));
  EXPECT_EQ(result["properties"]["fault"], "hakmem");
}

TEST(RenderSarif, AnErrorOfANewerLibraryGetsARule) {
  const Json run = run_of(parsed(sample_report(1, Json::array({sample_finding(198)}))));
  const Json rule = run["tool"]["driver"]["rules"].back();
  EXPECT_EQ(rule["id"], hk(198));
  EXPECT_EQ(run["results"][0]["ruleIndex"], run["tool"]["driver"]["rules"].size() - 1);
}

TEST(RenderSarif, ADiffSetsTheBaselineState) {
  const auto with = [](int number) {
    return parsed(sample_report(number, Json::array({sample_finding(102, number)})));
  };
  const Report newer = merge_reports({with(1), with(2)}), older = merge_reports({with(2), with(3)});
  const ReportDiff diff = diff_reports(newer, older);
  const Json results = run_of(newer, "", &diff)["results"];
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0]["baselineState"], "new");
  EXPECT_EQ(results[1]["baselineState"], "unchanged");
  EXPECT_EQ(results[2]["baselineState"], "absent");
}

TEST(RenderSarif, ATroubleIsAFailedInvocation) {
  Report report;
  report.troubles = {"killed by signal 11 without a finding"};
  const Json invocation = run_of(report)["invocations"][0];
  EXPECT_EQ(invocation["executionSuccessful"], false);
  EXPECT_EQ(invocation["toolExecutionNotifications"][0]["message"]["text"], report.troubles[0]);
}

TEST(RenderSarif, AHostileTextIsNoPlaceholderAndNoLink) {
  const Json result = run_of(parsed(hostile_report()))["results"][0];
  const std::string text = result["message"]["text"];
  EXPECT_NE(text.find("{{0}}"), std::string::npos) << text;
  EXPECT_NE(text.find("\\[x\\](file"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hakmem::tools
