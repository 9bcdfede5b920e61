#include "tools/report_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "tools/json_fields.h"

namespace hakmem::tools {
namespace {

constexpr std::uint64_t kSchemaVersion = 1;
constexpr int kDepthMax = 64;  // our reports have 6; a deeper text would exhaust the stack later
constexpr int kLevelMax = 4;

Frame parse_frame(const Fields& fields) {
  Frame frame;
  frame.pc = fields.address("pc");
  frame.module = fields.text_or_empty("module");
  frame.offset = fields.address_if("offset").value_or(0);
  frame.function = fields.text_or_empty("function");
  frame.file = fields.text_or_empty("file");
  frame.line = fields.number_or("line", 0);
  frame.inlined = fields.flag_or_false("inlined");
  return frame;
}

Event parse_event(const Fields& fields) {
  Event event;
  event.name = fields.text("event");
  if (event.name != "detected" && event.name != "freed" && event.name != "allocated") {
    fields.fail("event", "is none of detected, freed, allocated");
  }
  if (fields.has("thread")) {
    const Fields thread = fields.object("thread");
    event.thread_id = thread.number("id");
    event.thread_name = thread.text_or_empty("name");
  }
  event.sequence = fields.number_or("sequence", 0);
  for (const Fields& frame : fields.objects("stack")) event.stack.push_back(parse_frame(frame));
  return event;
}

PastCall parse_past_call(const Fields& fields) {
  PastCall call;
  call.what = fields.text("event");
  if (call.what != "alloc" && call.what != "free" && call.what != "resize") {
    fields.fail("event", "is none of alloc, free, resize");
  }
  const Fields thread = fields.object("thread");
  call.thread_id = thread.number("id");
  call.thread_name = thread.text_or_empty("name");
  call.sequence = fields.number("sequence");
  call.bytes = fields.number("bytes");
  for (const Fields& frame : fields.objects("stack")) {
    if (!call.frame) call.frame = parse_frame(frame);
  }
  return call;
}

Block parse_block(const Fields& fields) {
  Block block;
  block.user = fields.address("user");
  block.request_bytes = fields.number("request_bytes");
  block.stride_bytes = fields.number_or("stride_bytes", 0);
  block.large = fields.flag("large");
  block.class_index = fields.number_if("class");
  block.block_index = fields.number_if("block_index");
  block.slab = fields.address_if(block.large ? "run" : "slab").value_or(0);
  block.superslab = fields.address_if("superslab").value_or(0);
  block.state = fields.text_or_empty("state");
  block.allocated_by = fields.text_or_empty("allocated_by");
  return block;
}

WrongBytes parse_bytes(const Fields& fields) {
  WrongBytes bytes;
  bytes.first_wrong = fields.signed_number("first_wrong");
  bytes.last_wrong = fields.signed_number("last_wrong");
  bytes.expected = fields.text("expected");
  static const std::regex kExpected("[0-9a-f]{2}|canary");
  if (!std::regex_match(bytes.expected, kExpected)) fields.fail("expected", "is no byte");
  bytes.window_begin = fields.signed_number("window_begin");
  const std::string window = fields.text("window");
  if (window.size() % 2 != 0 || window.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fields.fail("window", "is no row of bytes");
  }
  for (std::size_t i = 0; i < window.size(); i += 2) {
    bytes.window.push_back(static_cast<std::uint8_t>(std::stoul(window.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

HeapMap parse_heap_map(const Fields& fields) {
  HeapMap map;
  map.data = fields.address("data");
  map.stride_bytes = fields.number("stride_bytes");
  if (map.stride_bytes == 0) fields.fail("stride_bytes", "is 0");
  map.states = fields.text("states");
  if (map.states.find_first_not_of("LFQU") != std::string::npos) {
    fields.fail("states", "has a letter that is none of L, F, Q, U");
  }
  if (!fields.has("neighbours")) return map;
  for (const Fields& entry : fields.objects("neighbours")) {
    map.neighbours.push_back({entry.number("block_index"), entry.address("user"),
                              entry.number("request_bytes"), entry.text("state"),
                              entry.number_or("thread_id", 0),
                              entry.text_or_empty("thread_name")});
  }
  return map;
}

Finding parse_finding(const Fields& fields) {
  static const std::regex kId("HK[0-9]{3}");
  static const std::regex kDedup("HK[0-9]{3}-[0-9a-f]{16}");
  Finding finding;
  finding.id = fields.text("id");
  if (!std::regex_match(finding.id, kId)) fields.fail("id", "is no id such as HK102");
  finding.kind = fields.text("kind");
  const std::string fault = fields.text("fault");
  if (fault != "program" && fault != "hakmem")
    fields.fail("fault", "is neither program nor hakmem");
  finding.ours = fault == "hakmem";
  finding.sentence = fields.text("sentence");
  const std::uint64_t exit_code = fields.number("exit_code");
  if (exit_code == 0 || exit_code > 255) fields.fail("exit_code", "is not from 1 to 255");
  finding.exit_code = static_cast<int>(exit_code);
  finding.address = fields.address_if("address");
  if (fields.has("block")) finding.block = parse_block(fields.object("block"));
  if (fields.has("bytes")) finding.bytes = parse_bytes(fields.object("bytes"));
  if (fields.has("written")) {
    const Fields written = fields.object("written");
    finding.written = {written.number("after"), written.number_or("before", 0)};
  }
  if (fields.has("heap_map")) finding.heap_map = parse_heap_map(fields.object("heap_map"));
  for (const Fields& event : fields.objects("events")) finding.events.push_back(parse_event(event));
  if (fields.has("history")) {
    for (const Fields& call : fields.objects("history")) {
      finding.history.push_back(parse_past_call(call));
    }
    finding.earlier_owners = fields.number_or("earlier_owners", 0);
  }
  finding.likely = fields.text_or_empty("likely");
  finding.confidence = fields.text_or_empty("confidence");
  finding.dedup = fields.text("dedup");
  if (!std::regex_match(finding.dedup, kDedup)) fields.fail("dedup", "is no dedup token");
  finding.summary = fields.text("summary");
  finding.raw = fields.json();
  return finding;
}

Timeline parse_timeline(const Fields& fields) {
  Timeline timeline{fields.numbers("ms"), fields.numbers("live_bytes"),
                    fields.numbers("mapped_bytes"), fields.numbers("quarantined_bytes")};
  for (const auto* column :
       {&timeline.live_bytes, &timeline.mapped_bytes, &timeline.quarantined_bytes}) {
    if (column->size() != timeline.ms.size()) fields.fail("ms", "is not as long as the others");
  }
  if (!std::is_sorted(timeline.ms.begin(), timeline.ms.end())) {
    fields.fail("ms", "does not ascend");
  }
  return timeline;
}

Process parse_process(const Fields& fields, const std::string& file) {
  Process process;
  process.file = file;
  const std::uint64_t level = fields.number("level");
  if (level > kLevelMax) fields.fail("level", "is not from 0 to 4");
  process.level = static_cast<int>(level);
  process.pid = fields.signed_number("pid");
  if (*process.pid < 1) fields.fail("pid", "is not from 1 on");
  process.program = fields.text_or_empty("program");
  process.host = fields.text_or_empty("host");
  process.time = fields.signed_number("time");
  if (fields.has("timeline")) process.timeline = parse_timeline(fields.object("timeline"));
  if (fields.has("size_histogram")) {
    for (const Fields& bucket : fields.objects("size_histogram")) {
      process.size_histogram.push_back(
          {bucket.number("up_to_bytes"), bucket.number("live_blocks")});
    }
  }
  process.raw = fields.json();
  for (const char* key : {"schema_version", "tool", "findings"}) process.raw.erase(key);
  return process;
}

/// The counts and processes that a merge adds to each finding.
void parse_merged_finding(const Fields& fields, std::size_t process_count, Finding& finding) {
  finding.count = fields.number("count");
  for (const std::uint64_t index : fields.numbers("processes")) {
    if (index >= process_count) fields.fail("processes", "names a process that is not there");
    finding.processes.push_back(static_cast<std::size_t>(index));
  }
  if (finding.count == 0 || finding.count > kCountMax) {
    fields.fail("count", fmt::format("is not from 1 to {}", kCountMax));
  }
  for (const char* key : {"count", "processes"}) finding.raw.erase(key);
}

Json parse_text(std::string_view text) {
  const auto refuse_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kDepthMax) throw MalformedReport(fmt::format("deeper than {} levels", kDepthMax));
    return true;
  };
  try {
    return Json::parse(text, refuse_depth);
  } catch (const Json::parse_error& error) {
    throw MalformedReport(fmt::format("no JSON at byte {}", error.byte));
  } catch (const Json::out_of_range&) {
    throw MalformedReport("a number that no computer's type holds");
  }
}

}  // namespace

Report parse_report(std::string_view text, const std::string& file) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw MalformedReport("empty");
  }
  const Json root = parse_text(text);
  const Fields fields(root, "$");
  if (fields.text("tool") != "hakmem") fields.fail("tool", "is not hakmem");
  if (const std::uint64_t version = fields.number("schema_version"); version != kSchemaVersion) {
    fields.fail("schema_version",
                fmt::format("is {}, this program reads {}", version, kSchemaVersion));
  }
  Report report;
  const bool merged = fields.has("processes");
  if (merged) {
    for (const Fields& process : fields.objects("processes")) {
      report.processes.push_back(parse_process(process, process.text_or_empty("file")));
    }
    for (const Fields& trouble : fields.objects("troubles")) {
      report.troubles.push_back(trouble.text("sentence"));
    }
  } else {
    report.processes.push_back(parse_process(fields, file));
  }
  for (const Fields& entry : fields.objects("findings")) {
    Finding finding = parse_finding(entry);
    if (merged) {
      parse_merged_finding(entry, report.processes.size(), finding);
    } else {
      finding.processes = {0};
    }
    report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace hakmem::tools
