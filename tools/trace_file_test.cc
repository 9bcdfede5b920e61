// The pointer trace as a file: what it says arrives, and what it is not is refused by its line.
#include "tools/trace_file.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tools/report_parse.h"

namespace hakmem::tools {
namespace {

constexpr const char* kHead = R"({"hakmem_trace":2,"pid":7,"program":"/srv/server"})";

TraceFile parsed(const std::string& lines) {
  std::istringstream text(std::string(kHead) + "\n" + lines);
  return parse_trace(text, "hk.7/ptr_trace.jsonl");
}

std::string refusal(const std::string& text) {
  std::istringstream stream(text);
  try {
    parse_trace(stream, "f");
  } catch (const MalformedReport& error) {
    return error.what();
  }
  return "none";
}

TEST(TraceFile, EveryLineArrives) {
  const TraceFile trace = parsed(
      R"({"module":"/srv/server","begin":"0x5000","end":"0x6000","bias":"0x4000"})" "\n"
      R"({"thread":7,"name":"main"})" "\n"
      R"({"stack":3,"pcs":["0x5101","0x9000"]})" "\n"
      R"({"time":10,"event":"alloc","address":"0x7f00","thread":7,"sequence":4,"bytes":48,)"
      R"("stack":3})" "\n"
      R"({"time":11,"event":"link set","address":"0x7ef0","thread":7,"sequence":5,"to":"0x7e00"})"
      "\n"
      R"({"of_tomorrow":1})" "\n");
  EXPECT_EQ(trace.pid, 7u);
  EXPECT_EQ(trace.program, "/srv/server");
  EXPECT_EQ(trace.thread_names.at(7), "main");
  ASSERT_EQ(trace.steps.size(), 2u);
  EXPECT_TRUE(trace.steps[0].is_call());
  EXPECT_EQ(trace.steps[0].bytes, 48u);
  EXPECT_EQ(trace.steps[1].to, 0x7e00u);
  const std::vector<Frame> frames = trace.frames_of(3);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(place_of(frames[0]), "server+0x1100");
  EXPECT_EQ(place_of(frames[1]), "0x9000");
  EXPECT_TRUE(trace.frames_of(4).empty());
}

TEST(TraceFile, WhatIsNoTraceIsRefusedByItsLine) {
  const std::string head = std::string(kHead) + "\n";
  EXPECT_EQ(refusal(""), "empty");
  EXPECT_EQ(refusal("no"), "line 1: no JSON");
  EXPECT_NE(refusal(R"({"hakmem_trace":1,"pid":1})").find("is 1, this program reads 2"),
            std::string::npos);
  EXPECT_EQ(refusal(head + "{\"event\":"), "line 2: no JSON");
  EXPECT_NE(refusal(head + R"({"event":"alloc"})").find("line 2.time"), std::string::npos);
  EXPECT_NE(refusal(head + R"({"stack":1,"pcs":["zz"]})").find("line 2.pcs"), std::string::npos);
  EXPECT_NE(refusal(head + R"({"stack":1,"pcs":[1]})").find("line 2.pcs"), std::string::npos);
  EXPECT_NE(refusal(head + "[]"), "none");
}

}  // namespace
}  // namespace hakmem::tools
