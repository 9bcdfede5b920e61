// `hakmem history ADDR [DIR]`: what happened to the block that contains an address, by what the
// processes of a run left in their report directories.

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <map>
#include <memory>

#include "base/violation.h"
#include "tools/block_life.h"
#include "tools/commands.h"
#include "tools/plain_text.h"
#include "tools/report_input.h"
#include "tools/report_parse.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct HistoryRequest {
  std::string address;
  std::string folder = ".";
  bool all = false;
};

/// What one process left behind.
struct Witness {
  std::vector<Finding> findings;
  std::optional<TraceFile> trace;
  std::string program;
  std::uint64_t pid = 0;
  std::string files;
};

std::uint64_t parse_address(const std::string& text) {
  const bool prefixed = text.starts_with("0x") || text.starts_with("0X");
  const char* const begin = text.data() + (prefixed ? 2 : 0);
  const char* const end = text.data() + text.size();
  std::uint64_t address = 0;
  const auto [at, error] = std::from_chars(begin, end, address, 16);
  if (begin != end && at == end && error == std::errc()) return address;
  throw CommandError(exit_code::kBadOption,
                     fmt::format("'{}' is no address; write it as in the report, 0x7f31c2a04d30",
                                 printable(text)));
}

TraceFile read_trace(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  try {
    if (in) return parse_trace(in, file.string());
  } catch (const MalformedReport& error) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{}: this is no pointer trace of HAKMEM: {}; if the process was "
                                   "killed while it wrote this one, run it again",
                                   printable(file.string()), printable(error.what())));
  }
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{}: cannot be read; name a folder that can",
                                 printable(file.string())));
}

/// By folder, so that a process's report and trace come together.
std::map<fs::path, Witness> read_witnesses(const std::string& name) {
  std::map<fs::path, Witness> witnesses;
  const auto at = [&](const fs::path& file) -> Witness& {
    Witness& witness = witnesses[file.parent_path()];
    witness.files += (witness.files.empty() ? "" : ", ") + file.string();
    return witness;
  };
  const bool is_trace = fs::path(name).extension() == ".jsonl";
  for (const fs::path& file : is_trace ? std::vector<fs::path>{} : report_files_of(name)) {
    Report report = read_report(file);
    Witness& witness = at(file);
    witness.findings = std::move(report.findings);
    if (report.processes.empty()) continue;
    witness.program = report.processes[0].program;
    witness.pid = static_cast<std::uint64_t>(report.processes[0].pid.value_or(0));
  }
  for (const fs::path& file : trace_files_of(name)) {
    if (file.extension() != ".jsonl") continue;
    Witness& witness = at(file);
    witness.trace = read_trace(file);
    witness.program = witness.trace->program;
    witness.pid = witness.trace->pid;
  }
  return witnesses;
}

int history(const HistoryRequest& request) {
  const std::uint64_t address = parse_address(request.address);
  const std::map<fs::path, Witness> witnesses = read_witnesses(request.folder);
  if (witnesses.empty()) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{}: neither report.json nor {} is there; run the program with "
                                   "`HAKMEM_PTR_TRACE_DUMP=1 hakmem run -o DIR` to have one",
                                   printable(request.folder), kTraceName));
  }
  std::string text;
  for (const auto& [folder, witness] : witnesses) {
    const TraceFile* const trace = witness.trace ? &*witness.trace : nullptr;
    const auto life = find_life(address, witness.findings, trace, request.all);
    if (!life || life->steps.empty()) continue;
    if (!text.empty()) text += '\n';
    text += fmt::format("process {} {}\n{}  from {}\n", witness.pid,
                        printable(file_name_of(witness.program)), render_life(*life, address),
                        printable(witness.files));
  }
  if (text.empty()) {
    throw CommandError(
        exit_code::kHakmemFailed,
        fmt::format("nothing is known about {:#x} in {}: no block of a finding and no call of a "
                    "trace is near it; HAKMEM_PTR_TRACE_DUMP=1 keeps every thread's last calls, "
                    "the option trace_events=N more of them",
                    address, printable(request.folder)));
  }
  fmt::print("{}", text);
  return 0;
}

}  // namespace

void add_history(CLI::App& app, Action& action) {
  auto request = std::make_shared<HistoryRequest>();
  CLI::App* command = app.add_subcommand(
      "history", "What happened to the block that contains an address, newest first");
  command->footer(
      "Example: HAKMEM_PTR_TRACE_DUMP=1 hakmem run -o out ./prog\n"
      "         hakmem history 0x7f31c2a04d30 out");
  command->add_option("address", request->address, "As the report has it")
      ->required()
      ->type_name("ADDR");
  command
      ->add_option("folder", request->folder,
                   "A report directory (hk.PID), the folder of -o, or a file in one; else this one")
      ->type_name("DIR");
  command->add_flag("--all", request->all,
                    "Also the allocator's own steps: links, carving, queues");
  command->callback([request, &action] { action = [request] { return history(*request); }; });
}

}  // namespace hakmem::tools
