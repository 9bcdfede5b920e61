// What report.json says, as types: one process, its findings, their stacks. Made by
// report_parse.cc, read by everything that renders. Invariant: a value that the file does not have
// is empty here, never guessed. docs/report.schema.json describes the keys.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hakmem::tools {

using Json = nlohmann::ordered_json;

/// One line of a stack.
struct Frame {
  std::uint64_t pc = 0;
  std::string module;  ///< path of the file it is in; empty: unknown
  std::uint64_t offset = 0;
  std::string function, file;
  std::uint64_t line = 0;  ///< 0: unknown
  bool inlined = false;
};

/// One moment of a block's life: detected, freed or allocated.
struct Event {
  std::string name;
  std::uint64_t thread_id = 0;  ///< 0: unknown
  std::string thread_name;
  std::uint64_t sequence = 0;  ///< operation number in the process; 0: unknown
  std::vector<Frame> stack;    ///< innermost first
};

/// One of the program's calls on the block's addresses, as the pointer trace knows it.
struct PastCall {
  std::string what;             ///< alloc, free or resize
  std::uint64_t thread_id = 0;
  std::string thread_name;
  std::uint64_t sequence = 0;   ///< operation number in the process
  std::uint64_t bytes = 0;      ///< requested
  std::optional<Frame> frame;   ///< the program's first one
};

struct Block {
  std::uint64_t user = 0;  ///< address that the program has
  std::uint64_t request_bytes = 0;
  std::uint64_t stride_bytes = 0;  ///< 0: unknown
  bool large = false;
  std::optional<std::uint64_t> class_index, block_index;
  std::uint64_t slab = 0;  ///< of a large block its run; 0: unknown
  std::uint64_t superslab = 0;
  std::string state, allocated_by;
};

/// The bytes around what was found changed. Offsets are from Block::user.
struct WrongBytes {
  std::int64_t first_wrong = 0, last_wrong = 0;  ///< inclusive
  std::string expected;                          ///< two hexadecimal digits, or "canary"
  std::int64_t window_begin = 0;
  std::vector<std::uint8_t> window;
};

/// The operations between which the wrong bytes were written, as far as the heap can know it.
struct WriteWindow {
  std::uint64_t after = 0;   ///< at this one they were whole
  std::uint64_t before = 0;  ///< this one found them; 0: the process's end did
};

/// A block next to the one of the finding.
struct Neighbour {
  std::uint64_t block_index = 0;
  std::uint64_t user = 0;
  std::uint64_t request_bytes = 0;
  std::string state;
  std::uint64_t thread_id = 0;  ///< who allocated it; 0: unknown, or nobody did
  std::string thread_name;
};

/// The slab of the finding's block: one letter a block, L live, F free, Q in quarantine, U unused.
struct HeapMap {
  std::uint64_t data = 0;  ///< address of block 0
  std::uint64_t stride_bytes = 0;
  std::string states;
  std::vector<Neighbour> neighbours;
};

/// Counts end here: the largest integer that every reader of JSON keeps (RFC 8259, 6).
inline constexpr std::uint64_t kCountMax = (std::uint64_t{1} << 53) - 1;

struct Finding {
  std::string id, kind;
  bool ours = false;  ///< a bug of HAKMEM (HK9xx), not of the program
  std::string sentence;
  int exit_code = 0;
  std::optional<std::uint64_t> address;
  std::optional<Block> block;
  std::optional<WrongBytes> bytes;
  std::optional<WriteWindow> written;
  std::optional<HeapMap> heap_map;
  std::vector<Event> events;
  std::vector<PastCall> history;       ///< newest first
  std::uint64_t earlier_owners = 0;    ///< known to the trace, not in `history`
  std::string likely, confidence;
  std::string dedup, summary;
  std::uint64_t count = 1;             ///< how often it was seen, 1 to kCountMax
  std::vector<std::size_t> processes;  ///< indices of who found it, ascending
  Json raw;                            ///< all keys as read, those unknown here included
};

/// Memory over time, one entry a sample in each column, all columns equally long.
struct Timeline {
  std::vector<std::uint64_t> ms;  ///< since the process began, ascending
  std::vector<std::uint64_t> live_bytes, mapped_bytes, quarantined_bytes;
};

/// Requests of one range of sizes.
struct SizeBucket {
  std::uint64_t up_to_bytes = 0;  ///< the largest request counted here
  std::uint64_t live_blocks = 0;
};

struct Process {
  std::string file;  ///< the report it was read from; empty: none
  std::optional<int> level;
  std::optional<std::int64_t> pid;
  std::string program, host;
  std::optional<std::int64_t> time;  ///< seconds since 1970
  std::optional<Timeline> timeline;
  std::vector<SizeBucket> size_histogram;
  Json raw;  ///< the head's keys as read, without the findings
};

/// One or more reports.
struct Report {
  std::vector<Process> processes;
  std::vector<Finding> findings;
  /// Why the run said less than it should have (time limit, signal, lost report); empty: it did
  /// not. A report with a trouble never looks clean.
  std::vector<std::string> troubles;
};

/// Which program frame the report holds responsible, by its own summary line; null when none.
struct Blame {
  const Event* event = nullptr;
  const Frame* frame = nullptr;
};
Blame blamed_frame(const Finding& finding);

/// The last part of a path; the path itself when it has no slash.
std::string file_name_of(const std::string& path);

/// "T4121 \"worker\"", or empty when the thread is unknown (id 0).
std::string thread_label(std::uint64_t id, const std::string& name);
std::string thread_label(const Event& event);

/// "conn.cpp:88", "server+0x51f2" or the pc, whichever is the best known.
std::string place_of(const Frame& frame);

}  // namespace hakmem::tools
