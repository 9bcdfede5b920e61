#include "integrity/report_text.h"

namespace hakmem {

namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kFunctionColumns = 24;
constexpr std::size_t kPlaceColumns = 16;
constexpr std::size_t kFunctionBytesMax = 160;  // the whole name is in report.json
constexpr std::size_t kEventColumns = 10;
constexpr std::size_t kBytesPerRow = 16;

constexpr const char* kBoldRed = "\033[1;31m";
constexpr const char* kBold = "\033[1m";
constexpr const char* kPlain = "\033[0m";

/// Columns a UTF-8 text takes: bytes that begin a character.
std::size_t columns_of(const char* text, std::size_t bytes) noexcept {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < bytes; ++i) columns += (text[i] & 0xc0) != 0x80;
  return columns;
}

/// Writes `text` and blanks up to `columns`, and at least one blank behind it.
void padded(TextSink& sink, const char* text, std::size_t columns) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  sink.text(text).character(' ');
  for (std::size_t used = columns_of(text, length) + 1; used < columns; ++used) sink.character(' ');
}

void paint(TextSink& sink, const ReportFacts& facts, const char* code) noexcept {
  if (facts.color) sink.text(code);
}

void write_first_line(TextSink& sink, const Finding& finding, const ReportFacts& facts) noexcept {
  char left[128], right[64];
  TextSink begin(left, sizeof left), end(right, sizeof right);
  begin.text("━━ HAKMEM ━━ HK").decimal(static_cast<std::uint64_t>(id_of(finding.violation)));
  begin.text(" ").text(row_of(finding.violation).kind).text(" ");
  end.text(" level ").decimal(static_cast<std::uint64_t>(facts.level)).text(" · pid ");
  end.decimal(static_cast<std::uint64_t>(facts.process));
  const std::size_t used = columns_of(left, begin.size()) + columns_of(right, end.size());
  paint(sink, facts, kBoldRed);
  sink.text(left).repeat("━", used + 2 < kColumns ? kColumns - used : 2).text(right);
  paint(sink, facts, kPlain);
  sink.character('\n');
}

void write_thread(TextSink& sink, std::uint32_t id, const char* name) noexcept {
  sink.text("T").decimal(id);
  if (name[0] != '\0') sink.text(" \"").text(name).character('"');
}

/// "Freed by T3 "worker-2"; found by T7 "flusher"." as far as it is known.
void write_who(TextSink& sink, const Finding& finding) noexcept {
  struct Part {
    const FindingEvent& event;
    const char* first;
    const char* later;
  };
  const Part parts[] = {{finding.allocated, "Allocated by ", "; allocated by "},
                        {finding.freed, "Freed by ", "; freed by "},
                        {finding.detected, "Found by ", "; found by "}};
  bool any = false;
  for (const Part& part : parts) {
    if (!part.event.known || part.event.thread_id == 0) continue;
    // The allocation matters here only while the block was never freed.
    if (&part.event == &finding.allocated && finding.freed.known) continue;
    sink.text(any ? part.later : part.first);
    write_thread(sink, part.event.thread_id, part.event.thread_name);
    any = true;
  }
  if (any) sink.text(".\n");
}

void write_block(TextSink& sink, const FindingBlock& block) noexcept {
  if (!block.known) return;
  sink.text("  block ").address(block.user).text("   ").decimal(block.request_bytes).text(" B");
  if (block.own_pages) {
    sink.text("   on pages of its own");
  } else if (!block.large) {
    sink.text(" (class ").decimal(block.class_index).text(")");
    if (block.slab != 0) sink.text("   block ").decimal(block.block_index);
  }
  if (block.slab != 0) sink.text(block.large ? "   run " : " of slab ").address(block.slab);
  sink.character('\n');
  const bool has_state = block.state[0] != '\0', has_kind = block.kind[0] != '\0';
  if (!has_state && !has_kind && block.superslab == 0) return;
  sink.text("       ");
  if (has_state) sink.text(" ").text(block.state);
  if (has_kind) sink.text(has_state ? ", from " : " from ").text(block.kind);
  if (block.stride_bytes != 0) sink.text("   stride ").decimal(block.stride_bytes).text(" B");
  if (block.superslab != 0) sink.text("   SuperSlab ").address(block.superslab);
  sink.character('\n');
}

/// "  prev  0x7f31c2a04cf0   40 B   live, of T1 "main"": aligned with the block's own line.
void write_neighbour(TextSink& sink, const char* side, const FindingNeighbour& block) noexcept {
  if (!block.known) return;
  const bool allocated = block.thread_id != 0;
  sink.text("  ").text(side).text("  ").address(block.user);
  if (allocated) sink.text("   ").decimal(block.request_bytes).text(" B");
  sink.text("   ").text(block.state).text(allocated ? ", of " : "");
  if (allocated) write_thread(sink, block.thread_id, block.thread_name);
  sink.character('\n');
}

void write_offset(TextSink& sink, std::ptrdiff_t offset) noexcept {
  sink.character(offset < 0 ? '-' : '+');
  sink.hex(static_cast<std::uint64_t>(offset < 0 ? -offset : offset), 2);
}

void write_expected(TextSink& sink, const FindingBytes& bytes) noexcept {
  if (bytes.keyed) {
    sink.text("expected the canary");
  } else {
    sink.text("expected ").hex(bytes.expected, 2);
  }
}

/// Rows of 16 bytes; wrong ones are painted, and named in the line below.
void write_bytes(TextSink& sink, const FindingBytes& bytes, const ReportFacts& facts) noexcept {
  if (!bytes.known || bytes.window_bytes == 0) return;
  const std::size_t count =
      bytes.window_bytes < kByteWindowMax ? bytes.window_bytes : kByteWindowMax;
  for (std::size_t row = 0; row < count; row += kBytesPerRow) {
    sink.text("        ");
    write_offset(sink, bytes.window_begin + static_cast<std::ptrdiff_t>(row));
    sink.character(' ');
    for (std::size_t i = row; i < row + kBytesPerRow && i < count; ++i) {
      const std::ptrdiff_t offset = bytes.window_begin + static_cast<std::ptrdiff_t>(i);
      const bool bad = offset >= bytes.first_bad && offset <= bytes.last_bad;
      sink.text(i % 8 == 0 && i != row ? "  " : " ");
      if (bad) paint(sink, facts, kBoldRed);
      sink.hex(bytes.window[i], 2);
      if (bad) paint(sink, facts, kPlain);
    }
    if (row == 0) {
      sink.text("   ");
      write_expected(sink, bytes);
    }
    sink.character('\n');
  }
  sink.text("        wrong: ");
  write_offset(sink, bytes.first_bad);
  if (bytes.last_bad != bytes.first_bad) {
    sink.text(" to ");
    write_offset(sink, bytes.last_bad);
  }
  sink.character('\n');
}

/// Between which operations; who wrote is not known to a heap.
void write_window(TextSink& sink, const FindingWindow& written) noexcept {
  if (written.after == 0) return;
  const bool is_open = written.before == 0;
  sink.text("  WRITTEN   ").text(is_open ? "after operation #" : "between operations #");
  sink.decimal(written.after);
  if (!is_open) sink.text(" and #").decimal(written.before);
  sink.character('\n');
}

void write_frame(TextSink& sink, std::uint32_t number, const ResolvedFrame& frame) noexcept {
  char place[160];
  TextSink place_sink(place, sizeof place);
  if (frame.line != 0) {
    place_sink.text(file_name_of(frame.file)).character(':').decimal(frame.line);
  }
  sink.text("    #").decimal(number).character(' ');
  if (frame.function[0] != '\0') {
    char name[kFunctionBytesMax + 1];
    const bool cut = TextSink(name, sizeof name).text(frame.function).truncated();
    padded(sink, name, kFunctionColumns);
    if (cut) sink.text("… ");
  }
  if (place[0] != '\0') padded(sink, place, kPlaceColumns);
  if (frame.inlined) {
    sink.text("(inlined)");
  } else if (frame.module != nullptr) {
    sink.text(frame.module->name()).text("+").address(frame.offset);
  } else {
    sink.address(frame.pc);
  }
  sink.character('\n');
}

void write_event(TextSink& sink, const char* title, const FindingEvent& event,
                 const ResolvedStack& stack, const ReportFacts& facts) noexcept {
  if (!event.known || (stack.count == 0 && event.thread_id == 0 && event.sequence == 0)) return;
  sink.text("  ");
  paint(sink, facts, kBold);
  padded(sink, title, kEventColumns);
  paint(sink, facts, kPlain);
  if (event.thread_id != 0) write_thread(sink, event.thread_id, event.thread_name);
  if (event.sequence != 0) sink.text("  #").decimal(event.sequence);
  sink.character('\n');
  for (std::uint32_t i = 0; i < stack.count; ++i) write_frame(sink, i, stack.frames[i]);
}

/// A frame in one word or two: the function, else where it lies.
void write_place_name(TextSink& sink, const ResolvedFrame& frame) noexcept {
  if (frame.function[0] != '\0') {
    char name[kFunctionBytesMax + 1];
    if (TextSink(name, sizeof name).text(frame.function).truncated()) {
      sink.text(name).text("…");
    } else {
      sink.text(name);
    }
  } else if (frame.module != nullptr) {
    sink.text(frame.module->name()).text("+").address(frame.offset);
  }
  if (frame.line != 0) {
    sink.text("  ").text(file_name_of(frame.file)).character(':').decimal(frame.line);
  }
}

void write_history(TextSink& sink, const FindingHistory& history, const ResolvedFinding& stacks,
                   const ReportFacts& facts) noexcept {
  if (history.count == 0) return;
  sink.text("  ");
  paint(sink, facts, kBold);
  sink.text("HISTORY");
  paint(sink, facts, kPlain);
  sink.text("   of this address, newest first\n");
  for (std::uint32_t i = 0; i < history.count; ++i) {
    const FindingCallBefore& call = history.calls[i];
    char number[24], bytes[24], thread[48];
    TextSink(number, sizeof number).text("#").decimal(call.sequence);
    TextSink(bytes, sizeof bytes).decimal(call.bytes).text(" B");
    TextSink(thread, sizeof thread).text("T").decimal(call.thread_id)
        .text(call.thread_name[0] != '\0' ? " " : "").text(call.thread_name);
    sink.text("    ");
    padded(sink, number, kEventColumns);
    padded(sink, call.what, 7);
    padded(sink, bytes, kEventColumns);
    padded(sink, thread, 14);
    write_place_name(sink, stacks.history[i]);
    sink.character('\n');
  }
  if (history.earlier_owners == 0) return;
  sink.text("    and ").decimal(history.earlier_owners);
  sink.text(history.earlier_owners == 1 ? " earlier owner\n" : " earlier owners\n");
}

bool has_line(const ResolvedStack& stack) noexcept {
  for (std::uint32_t i = 0; i < stack.count; ++i) {
    if (stack.frames[i].line != 0 && !is_system_module(stack.frames[i].module->path)) return true;
  }
  return false;
}

void write_next(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                const ReportFacts& facts) noexcept {
  constexpr int kStacksLevel = 4;
  const bool any_stack = stacks.detected.count + stacks.freed.count + stacks.allocated.count != 0;
  const bool any_line =
      has_line(stacks.detected) || has_line(stacks.freed) || has_line(stacks.allocated);
  if (row_of(finding.violation).fault == Fault::Hakmem) {
    sink.text("  NEXT     send this report to the authors of HAKMEM\n");
  } else if (facts.level < kStacksLevel) {
    sink.text("  NEXT     HAKMEM_INTEGRITY_LEVEL=4 shows who allocated and who freed\n");
  } else if (any_stack && !any_line) {
    sink.text("  NEXT     compile the program with -g to see lines\n");
  }
}

}  // namespace

void write_report_head(TextSink& sink, const Finding& finding, const ReportFacts& facts) noexcept {
  write_first_line(sink, finding, facts);
  if (row_of(finding.violation).fault == Fault::Hakmem) {
    sink.text("This is a bug in HAKMEM, not in your program.\n");
  }
  sink.text(finding.sentence[0] != '\0' ? finding.sentence : row_of(finding.violation).meaning);
  sink.character('\n');
  write_who(sink, finding);
}

void write_report_body(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks,
                       const ReportFacts& facts) noexcept {
  sink.character('\n');
  if (finding.address != 0 && finding.address != finding.block.user) {
    sink.text("  address ").address(finding.address).character('\n');
  }
  write_block(sink, finding.block);
  write_neighbour(sink, "prev", finding.before);
  write_neighbour(sink, "next", finding.behind);
  write_bytes(sink, finding.bytes, facts);
  write_window(sink, finding.written);
  write_event(sink, "DETECTED", finding.detected, stacks.detected, facts);
  write_event(sink, "FREED", finding.freed, stacks.freed, facts);
  write_event(sink, "ALLOCATED", finding.allocated, stacks.allocated, facts);
  write_history(sink, finding.history, stacks, facts);
  if (finding.likely[0] != '\0') {
    sink.text("  LIKELY   ").text(finding.likely);
    if (finding.confidence[0] != '\0') sink.text("   confidence: ").text(finding.confidence);
    sink.character('\n');
  }
  write_next(sink, finding, stacks, facts);
  sink.text("  dedup ");
  write_dedup_token(sink, finding.violation, facts.dedup);
  sink.text("   explain: hakmem explain HK");
  sink.decimal(static_cast<std::uint64_t>(id_of(finding.violation))).character('\n');
  if (facts.report_path[0] != '\0') sink.text("  report ").text(facts.report_path).text("\n");
  write_summary(sink, finding, stacks);
  sink.character('\n');
}

}  // namespace hakmem
