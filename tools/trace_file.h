// ptr_trace.jsonl, the pointer trace that a process wrote at its end, as types. Read by
// cmd_history.cc. Invariant: a file that is not of the known form is refused with its line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/report_model.h"

namespace hakmem::tools {

inline constexpr const char* kTraceName = "ptr_trace.jsonl";

/// One event. What its kind does not have is 0.
struct TraceStep {
  std::string what;            ///< alloc, free, resize: the program's calls; else the allocator's
  std::uint64_t time = 0;      ///< operations begun by then; steps are in its order
  std::uint64_t address = 0;
  std::uint64_t thread_id = 0;
  std::uint64_t sequence = 0;  ///< operation number in the process; 0: outside of any
  std::uint64_t bytes = 0;     ///< requested
  std::uint64_t stack_id = 0;
  std::uint64_t to = 0;        ///< of a link: where it leads
  std::uint64_t count = 0;     ///< of blocks
  bool is_call() const { return what == "alloc" || what == "free" || what == "resize"; }
};

/// A loaded file's code.
struct CodeMapping {
  std::string path;
  std::uint64_t begin = 0, end = 0;
  std::uint64_t bias = 0;  ///< address minus the file's virtual address
};

struct TraceFile {
  std::string file;  ///< where it was read from
  std::uint64_t pid = 0;
  std::string program;
  std::vector<CodeMapping> code;
  std::map<std::uint64_t, std::string> thread_names;
  std::map<std::uint64_t, std::vector<std::uint64_t>> stacks;  ///< return addresses
  std::vector<TraceStep> steps;  ///< the oldest first

  /// The frames of a stack, with file and offset; empty for one that the trace does not have.
  std::vector<Frame> frames_of(std::uint64_t stack_id) const;
};

/// Throws MalformedReport that names the line.
TraceFile parse_trace(std::istream& text, const std::string& file);

/// The traces in `name`: the file itself, or those of a folder and of the hk.PID folders in it.
std::vector<std::filesystem::path> trace_files_of(const std::filesystem::path& name);

}  // namespace hakmem::tools
