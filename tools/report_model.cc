#include "tools/report_model.h"

#include <fmt/format.h>

namespace hakmem::tools {

std::string file_name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string thread_label(std::uint64_t id, const std::string& name) {
  if (id == 0) return {};
  return name.empty() ? fmt::format("T{}", id) : fmt::format("T{} \"{}\"", id, name);
}

std::string thread_label(const Event& event) {
  return thread_label(event.thread_id, event.thread_name);
}

std::string place_of(const Frame& frame) {
  if (frame.line != 0) return fmt::format("{}:{}", file_name_of(frame.file), frame.line);
  if (!frame.module.empty())
    return fmt::format("{}+{:#x}", file_name_of(frame.module), frame.offset);
  return fmt::format("{:#x}", frame.pc);
}

Blame blamed_frame(const Finding& finding) {
  // The runtime knows which files are the system's and chose; its summary ends in its choice.
  for (const Event& event : finding.events) {
    for (const Frame& frame : event.stack) {
      const std::string tail =
          ' ' + place_of(frame) + (frame.function.empty() ? "" : " in " + frame.function);
      if (finding.summary.ends_with(tail)) return {&event, &frame};
    }
  }
  for (const Event& event : finding.events) {
    if (!event.stack.empty()) return {&event, &event.stack.front()};
  }
  return {};
}

}  // namespace hakmem::tools
