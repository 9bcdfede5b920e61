#include <fmt/format.h>

#include <algorithm>

#include "tools/plain_text.h"
#include "tools/render.h"

namespace hakmem::tools {

const char* const kOurBug = "This is a bug in HAKMEM, not in your program.";

namespace {

constexpr std::size_t kReportColumns = 80;
constexpr std::size_t kFunctionColumns = 24;
constexpr std::size_t kPlaceColumns = 16;
constexpr std::size_t kHistoryColumns = 10;
constexpr std::size_t kBytesPerRow = 16;
constexpr std::size_t kProcessesNamedMax = 4;

/// Columns a UTF-8 text takes: bytes that begin a character.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// `text` and blanks up to `columns`, at least one.
std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return text + std::string(used < columns ? columns - used : 1, ' ');
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string first_line(const Finding& finding, const Report& report) {
  const std::string left = fmt::format("━━ HAKMEM ━━ {} {} ", finding.id, printable(finding.kind));
  std::string right;
  if (!finding.processes.empty()) {
    const Process& process = report.processes[finding.processes.front()];
    if (process.level) right += fmt::format(" level {}", *process.level);
    if (process.pid) right += fmt::format(" · pid {}", *process.pid);
  }
  const std::size_t used = columns_of(left) + columns_of(right);
  std::string line = left;
  const std::size_t rest = used + 2 < kReportColumns ? kReportColumns - used : 2;
  for (std::size_t i = 0; i < rest; ++i) line += "━";
  return line + right + '\n';
}

/// "Seen 3 times in 2 processes: 12 prog, 13 prog." when it was seen more than once.
std::string seen_line(const Finding& finding, const Report& report) {
  if (finding.count == 1) return {};
  std::string line = fmt::format("Seen {} times", finding.count);
  if (!finding.processes.empty()) {
    line += fmt::format(" in {}", counted(finding.processes.size(), "process", "processes"));
  }
  for (std::size_t i = 0; i < std::min(finding.processes.size(), kProcessesNamedMax); ++i) {
    const Process& process = report.processes[finding.processes[i]];
    line += fmt::format("{} {} {}", i == 0 ? ":" : ",", process.pid.value_or(0),
                        printable(file_name_of(process.program)));
  }
  if (finding.processes.size() > kProcessesNamedMax) line += ", …";
  return line + ".\n";
}

std::string block_lines(const Block& block) {
  std::string lines = fmt::format("  block {:#x}   {} B", block.user, block.request_bytes);
  if (block.class_index) lines += fmt::format(" (class {})", *block.class_index);
  if (block.block_index) lines += fmt::format("   block {}", *block.block_index);
  if (block.slab != 0)
    lines += fmt::format(" of {} {:#x}", block.large ? "run" : "slab", block.slab);
  std::string more;
  if (!block.state.empty()) more += printable(block.state);
  if (!block.allocated_by.empty()) {
    more += (more.empty() ? "from " : ", from ") + printable(block.allocated_by);
  }
  if (block.stride_bytes != 0) more += fmt::format("   stride {} B", block.stride_bytes);
  if (block.superslab != 0) more += fmt::format("   SuperSlab {:#x}", block.superslab);
  return lines + '\n' + (more.empty() ? "" : "        " + more + '\n');
}

/// The blocks beside it, aligned with the block's own line.
std::string neighbour_lines(const Finding& finding) {
  std::string lines;
  if (!finding.heap_map || !finding.block || !finding.block->block_index) return lines;
  const std::uint64_t own = *finding.block->block_index;
  for (const Neighbour& block : finding.heap_map->neighbours) {
    const bool before = block.block_index + 1 == own;
    if (!before && block.block_index != own + 1) continue;
    lines += fmt::format("  {}  {:#x}", before ? "prev" : "next", block.user);
    const bool allocated = block.thread_id != 0;
    if (allocated) lines += fmt::format("   {} B", block.request_bytes);
    lines += "   " + printable(block.state);
    if (allocated) lines += ", of " + printable(thread_label(block.thread_id, block.thread_name));
    lines += '\n';
  }
  return lines;
}

std::string offset_text(std::int64_t offset) {
  // In two's complement, so that the smallest number has an absolute value too.
  const auto bits = static_cast<std::uint64_t>(offset);
  return fmt::format("{}{:02x}", offset < 0 ? '-' : '+', offset < 0 ? 0 - bits : bits);
}

std::string bytes_lines(const WrongBytes& bytes) {
  std::string lines;
  for (std::size_t row = 0; row < bytes.window.size(); row += kBytesPerRow) {
    const auto at = static_cast<std::int64_t>(static_cast<std::uint64_t>(bytes.window_begin) + row);
    lines += "        " + offset_text(at) + ' ';
    const std::size_t end = std::min(row + kBytesPerRow, bytes.window.size());
    for (std::size_t i = row; i < end; ++i) {
      lines += fmt::format("{}{:02x}", i % 8 == 0 && i != row ? "  " : " ", bytes.window[i]);
    }
    if (row == 0) {
      lines +=
          bytes.expected == "canary" ? "   expected the canary" : "   expected " + bytes.expected;
    }
    lines += '\n';
  }
  lines += "        wrong: " + offset_text(bytes.first_wrong);
  if (bytes.last_wrong != bytes.first_wrong) lines += " to " + offset_text(bytes.last_wrong);
  return lines + '\n';
}

std::string window_line(const WriteWindow& written) {
  if (written.before == 0) return fmt::format("  WRITTEN   after operation #{}\n", written.after);
  return fmt::format("  WRITTEN   between operations #{} and #{}\n", written.after,
                     written.before);
}

std::string frame_line(std::size_t number, const Frame& frame) {
  std::string line = fmt::format("    #{} ", number);
  if (!frame.function.empty()) line += padded(printable(frame.function), kFunctionColumns);
  if (frame.line != 0) line += padded(printable(place_of(frame)), kPlaceColumns);
  if (frame.inlined) {
    line += "(inlined)";
  } else {
    Frame without_line = frame;
    without_line.line = 0;
    line += printable(place_of(without_line));
  }
  return line + '\n';
}

std::string event_lines(const Event& event) {
  std::string title = event.name;
  for (char& c : title) c = static_cast<char>(c - 'a' + 'A');  // the parser let three words pass
  std::string lines = fmt::format("  {:<9} {}", title, printable(thread_label(event)));
  if (event.sequence != 0) lines += fmt::format("  #{}", event.sequence);
  lines += '\n';
  for (std::size_t i = 0; i < event.stack.size(); ++i) lines += frame_line(i, event.stack[i]);
  return lines;
}

/// The function, else where it lies, and the line.
std::string caller_text(const Frame& frame) {
  Frame without_line = frame;
  without_line.line = 0;
  std::string text = printable(frame.function.empty() ? place_of(without_line) : frame.function);
  if (frame.line != 0) text += "  " + printable(place_of(frame));
  return text;
}

std::string history_lines(const Finding& finding) {
  if (finding.history.empty()) return {};
  std::string lines = "  HISTORY   of this address, newest first\n";
  for (const PastCall& call : finding.history) {
    const std::string thread =
        fmt::format("T{}{}{}", call.thread_id, call.thread_name.empty() ? "" : " ",
                    printable(call.thread_name));
    lines += "    " + padded(fmt::format("#{}", call.sequence), kHistoryColumns);
    lines += padded(call.what, 7) + padded(fmt::format("{} B", call.bytes), kHistoryColumns);
    lines += padded(thread, 14) + (call.frame ? caller_text(*call.frame) : "") + '\n';
  }
  if (finding.earlier_owners != 0) {
    lines += fmt::format("    and {}\n", counted(finding.earlier_owners, "earlier owner",
                                                 "earlier owners"));
  }
  return lines;
}

std::string diff_lines(const char* mark, const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) {
    lines += fmt::format("{} {}  {}\n", mark, finding.dedup, printable(finding.sentence));
  }
  return lines;
}

}  // namespace

std::string render_text(const Finding& finding, const Report& report) {
  std::string text = first_line(finding, report);
  if (finding.ours) text += std::string(kOurBug) + '\n';
  text += printable(finding.sentence) + '\n' + seen_line(finding, report) + '\n';
  if (finding.address && (!finding.block || *finding.address != finding.block->user)) {
    text += fmt::format("  address {:#x}\n", *finding.address);
  }
  if (finding.block) text += block_lines(*finding.block);
  text += neighbour_lines(finding);
  if (finding.bytes) text += bytes_lines(*finding.bytes);
  if (finding.written) text += window_line(*finding.written);
  for (const Event& event : finding.events) text += event_lines(event);
  text += history_lines(finding);
  if (!finding.likely.empty()) {
    text += "  LIKELY   " + printable(finding.likely);
    if (!finding.confidence.empty()) text += "   confidence: " + printable(finding.confidence);
    text += '\n';
  }
  text += fmt::format("  dedup {}   explain: hakmem explain {}\n", finding.dedup, finding.id);
  for (const std::size_t index : finding.processes) {
    const std::string& file = report.processes[index].file;
    if (!file.empty()) text += "  report " + printable(file) + '\n';
  }
  return text + printable(finding.summary) + '\n';
}

std::string render_text(const Report& report) {
  std::string text;
  std::uint64_t seen = 0;
  for (const Finding& finding : report.findings) {
    text += render_text(finding, report) + '\n';
    seen += finding.count;
  }
  for (const std::string& trouble : report.troubles)
    text += "trouble: " + printable(trouble) + '\n';
  text += report.findings.empty() ? "no findings"
                                  : counted(report.findings.size(), "finding", "findings");
  if (seen != report.findings.size()) text += fmt::format(", seen {} times", seen);
  return text + fmt::format(" in {}\n", counted(report.processes.size(), "report", "reports"));
}

std::string render_text(const ReportDiff& diff, const Report& newer) {
  std::string text = fmt::format("{} new, {} gone, {} in both\n", diff.fresh.size(),
                                 diff.gone.size(), diff.both.size());
  text += diff_lines("+", diff.fresh) + diff_lines("-", diff.gone) + diff_lines("=", diff.both);
  for (const Finding& finding : diff.fresh) text += '\n' + render_text(finding, newer);
  return text;
}

}  // namespace hakmem::tools
