#include "integrity/report_json.h"

#include "integrity/json_sink.h"
#include "integrity/report.h"

namespace hakmem {

namespace {

constexpr std::size_t kTokenBytes = 48;
constexpr std::size_t kSummaryBytes = 640;

void write_block(JsonSink& json, const FindingBlock& block) noexcept {
  if (!block.known) return;
  json.begin_object("block").address("user", block.user);
  json.number("request_bytes", static_cast<std::int64_t>(block.request_bytes));
  if (block.stride_bytes != 0) {
    json.number("stride_bytes", static_cast<std::int64_t>(block.stride_bytes));
  }
  json.boolean("large", block.large);
  if (block.own_pages) {
    json.boolean("own_pages", true);
  } else if (!block.large) {
    json.number("class", block.class_index).number("block_index", block.block_index);
  }
  if (block.slab != 0) json.address(block.large ? "run" : "slab", block.slab);
  if (block.superslab != 0) json.address("superslab", block.superslab);
  json.string_if_known("state", block.state).string_if_known("allocated_by", block.kind);
  json.end_object();
}

void write_bytes(JsonSink& json, const FindingBytes& bytes) noexcept {
  if (!bytes.known) return;
  json.begin_object("bytes");
  json.number("first_wrong", bytes.first_bad).number("last_wrong", bytes.last_bad);
  if (bytes.keyed) {
    json.string("expected", "canary");
  } else {
    json.bytes("expected", &bytes.expected, 1);
  }
  const std::size_t count =
      bytes.window_bytes < kByteWindowMax ? bytes.window_bytes : kByteWindowMax;
  json.number("window_begin", bytes.window_begin).bytes("window", bytes.window, count);
  json.end_object();
}

void write_window(JsonSink& json, const FindingWindow& written) noexcept {
  if (written.after == 0) return;
  json.begin_object("written").number("after", static_cast<std::int64_t>(written.after));
  if (written.before != 0) json.number("before", static_cast<std::int64_t>(written.before));
  json.end_object();
}

void write_call(JsonSink& json, const FindingCall& call) noexcept {
  if (!call.known) return;
  // A negative length, taken for an unsigned one, is more than JSON readers keep.
  constexpr std::size_t kBytesMax = ~std::size_t{0} >> 1;
  const std::size_t bytes = call.bytes < kBytesMax ? call.bytes : kBytesMax;
  json.begin_object("call").string("function", call.function);
  json.string("access", call.writes ? "write" : "read").number("offset", call.offset);
  json.number("bytes", static_cast<std::int64_t>(bytes)).boolean("or_more", call.open_ended);
  json.end_object();
}

void write_frame(JsonSink& json, const ResolvedFrame& frame) noexcept {
  json.begin_object().address("pc", frame.pc);
  if (frame.module != nullptr) {
    json.string("module", frame.module->path);
    json.string_if_known("build_id", frame.module->build_id);
    json.address("offset", frame.offset);
  }
  json.string_if_known("function", frame.function);
  if (frame.line != 0) json.string("file", frame.file).number("line", frame.line);
  if (frame.inlined) json.boolean("inlined", true);
  json.end_object();
}

void write_event(JsonSink& json, const char* name, const FindingEvent& event,
                 const ResolvedStack& stack, bool with_stacks) noexcept {
  if (!event.known) return;
  json.begin_object().string("event", name);
  if (event.thread_id != 0) {
    json.begin_object("thread").number("id", event.thread_id);
    json.string_if_known("name", event.thread_name).end_object();
  }
  if (event.sequence != 0) {
    json.number("sequence", static_cast<std::int64_t>(event.sequence));
  }
  json.begin_array("stack");
  for (std::uint32_t i = 0; with_stacks && i < stack.count; ++i) {
    write_frame(json, stack.frames[i]);
  }
  json.end_array().end_object();
}

void write_neighbour(JsonSink& json, const FindingNeighbour& block) noexcept {
  if (!block.known) return;
  json.begin_object().number("block_index", block.block_index).address("user", block.user);
  json.number("request_bytes", static_cast<std::int64_t>(block.request_bytes));
  json.string("state", block.state);
  if (block.thread_id != 0) json.number("thread_id", block.thread_id);
  json.string_if_known("thread_name", block.thread_name).end_object();
}

void write_heap_map(JsonSink& json, const SlabPicture& slab, const Finding& finding) noexcept {
  if (!slab.known) return;
  json.begin_object("heap_map").address("data", slab.data);
  json.number("stride_bytes", static_cast<std::int64_t>(slab.stride_bytes));
  json.letters("states", slab.states, slab.count);
  json.begin_array("neighbours");
  write_neighbour(json, finding.before);
  write_neighbour(json, finding.behind);
  json.end_array().end_object();
}

void write_column(JsonSink& json, const char* name, const TimelinePicture& timeline,
                  std::uint64_t MemorySample::*column) noexcept {
  json.begin_array(name);
  for (std::uint32_t i = 0; i < timeline.count; ++i) {
    json.number(static_cast<std::int64_t>(timeline.samples[i].*column));
  }
  json.end_array();
}

void write_timeline(JsonSink& json, const TimelinePicture& timeline) noexcept {
  if (timeline.count == 0) return;
  json.begin_object("timeline");
  write_column(json, "ms", timeline, &MemorySample::ms);
  write_column(json, "live_bytes", timeline, &MemorySample::live_bytes);
  write_column(json, "mapped_bytes", timeline, &MemorySample::mapped_bytes);
  write_column(json, "quarantined_bytes", timeline, &MemorySample::quarantined_bytes);
  json.end_object();
}

void write_histogram(JsonSink& json, const SizeHistogram& sizes) noexcept {
  if (!sizes.known) return;
  json.begin_array("size_histogram");
  for (std::uint32_t i = 0; i < SizeHistogram::kRanges; ++i) {
    if (sizes.live_blocks[i] == 0) continue;
    json.begin_object();
    json.number("up_to_bytes", static_cast<std::int64_t>(SizeHistogram::up_to_bytes(i)));
    json.number("live_blocks", static_cast<std::int64_t>(sizes.live_blocks[i])).end_object();
  }
  json.end_array();
}

void write_history(JsonSink& json, const FindingHistory& history,
                   const ResolvedFinding& stacks) noexcept {
  if (history.count == 0) return;
  json.begin_array("history");
  for (std::uint32_t i = 0; i < history.count; ++i) {
    const FindingCallBefore& call = history.calls[i];
    json.begin_object().string("event", call.what);
    json.begin_object("thread").number("id", call.thread_id);
    json.string_if_known("name", call.thread_name).end_object();
    json.number("sequence", static_cast<std::int64_t>(call.sequence));
    json.number("bytes", static_cast<std::int64_t>(call.bytes));
    json.begin_array("stack");
    if (call.stack.count != 0) write_frame(json, stacks.history[i]);
    json.end_array().end_object();
  }
  json.end_array();
  if (history.earlier_owners != 0) {
    json.number("earlier_owners", static_cast<std::int64_t>(history.earlier_owners));
  }
}

}  // namespace

void write_json_head(TextSink& sink, const ProcessFacts& facts) noexcept {
  JsonSink json(sink);
  json.begin_object().number("schema_version", kReportSchemaVersion).string("tool", "hakmem");
  json.number("level", facts.level).number("pid", facts.process);
  json.string_if_known("program", facts.program).string_if_known("host", facts.host);
  json.number("time", static_cast<std::int64_t>(facts.time_s));
  json.begin_array("findings");
  sink.character('\n');
}

void write_json_tail(TextSink& sink, const HeapPicture& picture) noexcept {
  sink.character('\n');
  JsonSink json(sink);
  json.end_array();
  write_timeline(json, picture.timeline);
  write_histogram(json, picture.sizes);
  json.end_object();
  sink.character('\n');
}

void write_json_finding(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                        const HeapPicture& picture, int exit_code, std::uint64_t dedup,
                        bool with_stacks) noexcept {
  char token[kTokenBytes], id[kTokenBytes], summary[kSummaryBytes];
  TextSink token_sink(token, sizeof token), summary_sink(summary, sizeof summary);
  write_dedup_token(token_sink, finding.violation, dedup);
  write_summary(summary_sink, finding, stacks);
  TextSink(id, sizeof id).text("HK").decimal(static_cast<std::uint64_t>(id_of(finding.violation)));
  const ViolationRow& row = row_of(finding.violation);

  JsonSink json(sink);
  json.begin_object().string("id", id).string("kind", row.kind);
  json.string("fault", row.fault == Fault::Hakmem ? "hakmem" : "program");
  json.string("sentence", finding.sentence[0] != '\0' ? finding.sentence : row.meaning);
  json.number("exit_code", exit_code);
  if (finding.address != 0) json.address("address", finding.address);
  write_block(json, finding.block);
  write_bytes(json, finding.bytes);
  write_window(json, finding.written);
  write_call(json, finding.call);
  write_heap_map(json, picture.slab, finding);
  json.begin_array("events");
  write_event(json, "detected", finding.detected, stacks.detected, with_stacks);
  write_event(json, "freed", finding.freed, stacks.freed, with_stacks);
  write_event(json, "allocated", finding.allocated, stacks.allocated, with_stacks);
  json.end_array();
  write_history(json, finding.history, stacks);
  json.string_if_known("likely", finding.likely);
  json.string_if_known("confidence", finding.confidence);
  json.string("dedup", token).string("summary", summary).end_object();
}

}  // namespace hakmem
