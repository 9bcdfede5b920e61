#include "tools/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>

#include "tools/json_fields.h"
#include "tools/report_parse.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kVersion = 2;

std::uint64_t address_of(const std::string& text, const Fields& fields, const char* key) {
  constexpr std::size_t kDigitsMax = 16;
  const std::string digits = text.size() > 2 ? text.substr(2) : "";
  if (!text.starts_with("0x") || digits.empty() || digits.size() > kDigitsMax ||
      digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fields.fail(key, "has what is no address");
  }
  return std::stoull(digits, nullptr, 16);
}

TraceStep parse_step(const Fields& fields) {
  TraceStep step;
  step.what = fields.text("event");
  step.time = fields.number("time");
  step.address = fields.address("address");
  step.thread_id = fields.number("thread");
  step.sequence = fields.number("sequence");
  step.bytes = fields.number_or("bytes", 0);
  step.stack_id = fields.number_or("stack", 0);
  step.to = fields.address_if("to").value_or(0);
  step.count = fields.number_or("count", 0);
  return step;
}

void parse_line(const Fields& fields, TraceFile& trace) {
  if (fields.has("event")) {
    trace.steps.push_back(parse_step(fields));
  } else if (fields.has("pcs")) {
    std::vector<std::uint64_t>& pcs = trace.stacks[fields.number("stack")];
    const Json& list = fields.json().at("pcs");
    if (!list.is_array()) fields.fail("pcs", "is no list");
    for (const Json& pc : list) {
      if (!pc.is_string()) fields.fail("pcs", "has what is no address");
      pcs.push_back(address_of(pc.get<std::string>(), fields, "pcs"));
    }
  } else if (fields.has("module")) {
    trace.code.push_back({fields.text("module"), fields.address("begin"), fields.address("end"),
                          fields.address("bias")});
  } else if (fields.has("name")) {
    trace.thread_names[fields.number("thread")] = fields.text("name");
  }
  // Lines of a newer library say more, not otherwise.
}

void parse_head(const Fields& fields, TraceFile& trace) {
  if (const std::uint64_t version = fields.number("hakmem_trace"); version != kVersion) {
    fields.fail("hakmem_trace", fmt::format("is {}, this program reads {}", version, kVersion));
  }
  trace.pid = fields.number("pid");
  trace.program = fields.text_or_empty("program");
}

}  // namespace

std::vector<Frame> TraceFile::frames_of(std::uint64_t stack_id) const {
  std::vector<Frame> frames;
  const auto stack = stacks.find(stack_id);
  if (stack == stacks.end()) return frames;
  for (const std::uint64_t pc : stack->second) {
    Frame frame;
    frame.pc = pc;
    const std::uint64_t call = pc - 1;  // return addresses: the call is before
    for (const CodeMapping& mapping : code) {
      if (call < mapping.begin || call >= mapping.end) continue;
      frame.module = mapping.path;
      frame.offset = call - mapping.bias;
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

TraceFile parse_trace(std::istream& text, const std::string& file) {
  TraceFile trace;
  trace.file = file;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    const std::string at = fmt::format("line {}", ++number);
    Json json;
    try {
      json = Json::parse(line);
    } catch (const Json::exception&) {
      throw MalformedReport(at + ": no JSON");
    }
    const Fields fields(json, at);
    number == 1 ? parse_head(fields, trace) : parse_line(fields, trace);
  }
  if (number == 0) throw MalformedReport("empty");
  return trace;
}

std::vector<fs::path> trace_files_of(const fs::path& name) {
  std::error_code error;
  if (!fs::is_directory(name, error)) return {name};
  std::vector<fs::path> files;
  const auto add = [&](const fs::path& folder) {
    if (fs::exists(folder / kTraceName, error)) files.push_back(folder / kTraceName);
  };
  add(name);
  std::vector<fs::path> folders;
  fs::directory_iterator at(name, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().filename().string().starts_with("hk.")) folders.push_back(at->path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) add(folder);
  return files;
}

}  // namespace hakmem::tools
