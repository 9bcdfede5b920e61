// Reports as the runtime writes them, for the tests of everything that reads or renders them.
// Ids are put together from numbers, so that no error counts as tested by these files.
#pragma once

#include <string>

#include "tools/report_model.h"
#include "tools/report_parse.h"

namespace hakmem::tools {

/// What a hostile program may call itself, its files and its symbols.
inline constexpr const char* kHostileName =
    "/srv/\x1b[31m]]><script>alert(1)</script>&\"'--><b>\xe2\x80\xae{0}[x](file:///x)";

inline std::string hk(int id) { return "HK" + std::to_string(id); }

/// A dedup token of `id` whose hash ends in `number`.
inline std::string token(int id, int number) {
  std::string digits = std::to_string(number);
  return hk(id) + '-' + std::string(16 - digits.size(), '0') + digits;
}

inline Json sample_frame(const char* function, const char* file, int line) {
  return {{"pc", "0x5555000051a7"},
          {"module", "/srv/bin/server"},
          {"build_id", "00ff17"},
          {"offset", "0x51a6"},
          {"function", function},
          {"file", file},
          {"line", line}};
}

inline Json sample_event(const char* name, int thread, Json stack) {
  return {{"event", name},
          {"thread", {{"id", thread}, {"name", "worker"}}},
          {"sequence", thread * 100},
          {"stack", std::move(stack)}};
}

/// A write after free with everything that the runtime knows of one today.
inline Json sample_finding(int id = 102, int number = 1) {
  Json finding = {{"id", hk(id)},
                  {"kind", id >= 900 ? "registry broken" : "write after free"},
                  {"fault", id >= 900 ? "hakmem" : "program"},
                  {"sentence", "4 bytes at +8 of a freed 40-byte block were changed after free()."},
                  {"exit_code", id >= 900 ? 87 : 86},
                  {"address", "0x7f31c2a00488"}};
  finding["block"] = {{"user", "0x7f31c2a00480"},
                      {"request_bytes", 40},
                      {"stride_bytes", 64},
                      {"large", false},
                      {"class", 3},
                      {"block_index", 17},
                      {"slab", "0x7f31c2a00030"},
                      {"superslab", "0x7f31c2a00000"},
                      {"state", "freed"},
                      {"allocated_by", "malloc"}};
  finding["bytes"] = {{"first_wrong", 8},
                      {"last_wrong", 11},
                      {"expected", "a2"},
                      {"window_begin", 0},
                      {"window", "a2a2a2a2a2a2a2a207000000a2a2a2a2a2a2a2a2"}};
  finding["written"] = {{"after", 300}, {"before", 512}};
  const Json outer = sample_frame("main", "/src/main.cpp", 7);
  finding["events"] = Json::array(
      {sample_event("detected", 7, {sample_frame("Conn::flush()", "/src/conn.cpp", 88), outer}),
       sample_event("freed", 3, {sample_frame("Conn::~Conn()", "/src/conn.cpp", 131), outer}),
       sample_event("allocated", 1, {sample_frame("make_conn(int)", "/src/conn.cpp", 41), outer})});
  finding["likely"] = "a dangling pointer kept by T7";
  finding["confidence"] = "high";
  finding["dedup"] = token(id, number);
  finding["summary"] = "SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()";
  return finding;
}

inline Json sample_report(int pid = 4121, Json findings = Json::array({sample_finding()})) {
  return {{"schema_version", 1},
          {"tool", "hakmem"},
          {"level", 4},
          {"pid", pid},
          {"program", "/srv/bin/server"},
          {"host", "box"},
          {"time", 1790000000},
          {"findings", std::move(findings)}};
}

/// A report in which every text that the program chose is hostile.
inline Json hostile_report() {
  Json report = sample_report();
  report["program"] = kHostileName;
  report["host"] = kHostileName;
  Json& finding = report["findings"][0];
  for (const char* key : {"kind", "sentence", "likely", "confidence", "summary"}) {
    finding[key] = kHostileName;
  }
  finding["block"]["state"] = kHostileName;
  finding["block"]["allocated_by"] = kHostileName;
  for (Json& event : finding["events"]) {
    event["thread"]["name"] = kHostileName;
    for (const char* key : {"module", "function", "file"}) event["stack"][0][key] = kHostileName;
  }
  return report;
}

/// What the pointer trace adds to the first finding.
inline void add_history(Json& report, const char* name = "main") {
  const auto call = [&](const char* what, int sequence) {
    return Json{{"event", what},
                {"thread", {{"id", 1}, {"name", name}}},
                {"sequence", sequence},
                {"bytes", 40},
                {"stack", Json::array({sample_frame("Conn::~Conn()", "/src/conn.cpp", 131)})}};
  };
  report["findings"][0]["history"] = Json::array({call("free", 164411), call("alloc", 164400)});
  report["findings"][0]["earlier_owners"] = 3;
}

/// The optional parts that draw the pictures.
inline void add_pictures(Json& report) {
  report["timeline"] = {{"ms", {0, 10, 20}},
                        {"live_bytes", {0, 4096, 1024}},
                        {"mapped_bytes", {65536, 131072, 131072}},
                        {"quarantined_bytes", {0, 512, 3072}}};
  report["size_histogram"] = Json::array(
      {{{"up_to_bytes", 16}, {"live_blocks", 12}}, {{"up_to_bytes", 64}, {"live_blocks", 3}}});
  report["findings"][0]["heap_map"] = {
      {"data", "0x7f31c2a00030"},
      {"stride_bytes", 64},
      {"states", std::string(16, 'L') + "FQL" + std::string(60, 'U')},
      {"neighbours", Json::array({{{"block_index", 16},
                                   {"user", "0x7f31c2a00440"},
                                   {"request_bytes", 33},
                                   {"state", "live"},
                                   {"thread_id", 3},
                                   {"thread_name", "worker"}}})}};
}

inline Report parsed(const Json& json, const std::string& file = "r/report.json") {
  return parse_report(json.dump(), file);
}

inline bool has_part(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace hakmem::tools
