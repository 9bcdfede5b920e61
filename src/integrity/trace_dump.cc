#include "integrity/trace_dump.h"

#include "integrity/finding.h"
#include "integrity/json_sink.h"
#include "integrity/modules.h"
#include "os/os.h"
#include "os/os_process.h"

namespace hakmem {

namespace {

constexpr std::size_t kLineBytes = 4 * kKiB;
constexpr std::size_t kBufferBytes = 64 * kKiB;
constexpr std::size_t kStackIdsMax = round_up(kStackDepotNodesMax + 1, 8 * kPageBytes);
constexpr std::uint32_t kThreadsNamedMax = 1024;

// One dump at a time, at the process's end.
constinit char line[kLineBytes] = {};
constinit char buffer[kBufferBytes] = {};

/// Lines into a file, many at once.
class LineFile {
 public:
  explicit LineFile(int fd) noexcept : fd_(fd) {}

  /// Ends a line that was written into `line`.
  void add(TextSink& sink) noexcept {
    sink.character('\n');
    if (size_ + sink.size() > sizeof buffer) flush();
    __builtin_memcpy(buffer + size_, sink.c_str(), sink.size());
    size_ += sink.size();
  }
  void flush() noexcept {
    good_ = good_ && os::write_all(fd_, buffer, size_);
    size_ = 0;
  }
  bool good() const noexcept { return good_; }

 private:
  int fd_;
  std::size_t size_ = 0;
  bool good_ = true;
};

TextSink new_line() noexcept { return TextSink(line, sizeof line); }

/// Where the merge is in one ring.
struct Cursor {
  const TraceRing* ring;
  std::uint64_t next, end;
  TraceEvent event;

  /// Goes to the next event that is still there; false behind the last.
  bool advance() noexcept {
    while (next < end) {
      if (ring->read(next++, event)) return true;
    }
    return false;
  }
  bool is_before(const Cursor& other) const noexcept {
    if (event.time != other.event.time) return event.time < other.event.time;
    return event.operation() < other.event.operation();
  }
};

/// The rings as one sequence, by time: a binary heap of cursors.
class Merge {
 public:
  bool start(const TraceRings& rings) noexcept {
    std::size_t count = 0;
    for (const TraceRing* ring = rings.newest(); ring != nullptr; ring = ring->next()) ++count;
    bytes_ = round_up((count + 1) * sizeof(Cursor), kPageBytes);
    cursors_ = reinterpret_cast<Cursor*>(os::map(bytes_, os::Access::ReadWrite));
    if (cursors_ == nullptr) return false;
    for (const TraceRing* ring = rings.newest(); ring != nullptr && count_ < count;
         ring = ring->next()) {
      Cursor& cursor = cursors_[count_];
      cursor = {ring, ring->oldest(), ring->written(), {}};
      if (cursor.advance()) rise(count_++);
    }
    return true;
  }
  void finish() noexcept { os::unmap(reinterpret_cast<std::byte*>(cursors_), bytes_); }

  /// Takes the oldest event; false when there is none.
  bool take(TraceEvent& event) noexcept {
    if (count_ == 0) return false;
    event = cursors_[0].event;
    if (!cursors_[0].advance()) cursors_[0] = cursors_[--count_];
    sink();
    return true;
  }

 private:
  void swap(std::size_t a, std::size_t b) noexcept {
    const Cursor kept = cursors_[a];
    cursors_[a] = cursors_[b];
    cursors_[b] = kept;
  }
  void rise(std::size_t at) noexcept {
    while (at != 0 && cursors_[at].is_before(cursors_[(at - 1) / 2])) {
      swap(at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
  }
  void sink() noexcept {
    for (std::size_t at = 0;;) {
      std::size_t least = at;
      for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
        if (child < count_ && cursors_[child].is_before(cursors_[least])) least = child;
      }
      if (least == at) return;
      swap(at, least);
      at = least;
    }
  }

  Cursor* cursors_ = nullptr;
  std::size_t count_ = 0, bytes_ = 0;
};

void write_head(LineFile& file) noexcept {
  static char program[512];
  os::read_link("/proc/self/exe", program, sizeof program);
  TextSink sink = new_line();
  JsonSink(sink).begin_object().number("hakmem_trace", kTraceDumpVersion)
      .number("pid", os::process_id()).string("program", program).end_object();
  file.add(sink);
}

/// The files whose code is loaded: what a reader needs to find the functions of return addresses.
void write_modules(LineFile& file) noexcept {
  static char text[8 * kKiB];
  static constinit ModuleTable modules{};
  auto visit = [&](const os::Mapping& mapping) {
    if (!mapping.executable || mapping.path[0] != '/') return true;
    const Address behind_first_byte = mapping.begin + 1;
    modules.load(&behind_first_byte, 1);
    const Module* const module = modules.module_of(0);
    if (module == nullptr) return true;
    TextSink sink = new_line();
    JsonSink(sink).begin_object().string("module", module->path)
        .string_if_known("build_id", module->build_id).address("begin", mapping.begin)
        .address("end", mapping.end).address("bias", module->bias).end_object();
    file.add(sink);
    return true;
  };
  os::visit_mappings(text, sizeof text, visit);
}

/// Writes what events refer to, each before the first that does.
class References {
 public:
  References(LineFile& file, const StackDepot& depot) noexcept : file_(file), depot_(depot) {}

  bool start() noexcept {
    seen_stacks_ = os::map(kStackIdsMax / 8, os::Access::ReadWrite);
    return seen_stacks_ != nullptr;
  }
  void finish() noexcept { os::unmap(seen_stacks_, kStackIdsMax / 8); }

  void write_for(const TraceEvent& event) noexcept {
    if (event.thread() != last_thread_) name_thread(event.thread());
    if (is_operation(event.kind())) write_stack(event.stack());
  }

 private:
  void name_thread(std::uint32_t thread) noexcept {
    last_thread_ = thread;
    for (std::uint32_t i = 0; i < named_; ++i) {
      if (threads_[i] == thread) return;
    }
    if (named_ == kThreadsNamedMax) return;
    threads_[named_++] = thread;
    char name[kThreadNameMax];
    if (!os::thread_name(static_cast<int>(thread), name, sizeof name)) return;
    TextSink sink = new_line();
    JsonSink(sink).begin_object().number("thread", thread).string("name", name).end_object();
    file_.add(sink);
  }
  void write_stack(std::uint32_t id) noexcept {
    if (id == 0 || id >= kStackIdsMax) return;
    const std::byte bit{static_cast<std::uint8_t>(1u << (id % 8))};
    if ((seen_stacks_[id / 8] & bit) != std::byte{0}) return;
    seen_stacks_[id / 8] |= bit;
    StackTrace stack;
    depot_.lookup(StackId{id}, stack);
    TextSink sink = new_line();
    JsonSink json(sink);
    json.begin_object().number("stack", id).begin_array("pcs");
    for (std::uint32_t i = 0; i < stack.count && i < kStackFramesMax; ++i) {
      json.address(stack.pcs[i]);
    }
    json.end_array().end_object();
    file_.add(sink);
  }

  LineFile& file_;
  const StackDepot& depot_;
  std::byte* seen_stacks_ = nullptr;  ///< a bit for each id
  std::uint32_t last_thread_ = 0, named_ = 0;
  std::uint32_t threads_[kThreadsNamedMax] = {};
};

void write_event(LineFile& file, const TraceEvent& event) noexcept {
  const TraceKind kind = event.kind();
  TextSink sink = new_line();
  JsonSink json(sink);
  json.begin_object().number("time", static_cast<std::int64_t>(event.time));
  json.string("event", name_of(kind)).address("address", event.address());
  json.number("thread", event.thread());
  json.number("sequence", static_cast<std::int64_t>(event.operation()));
  if (is_operation(kind)) {
    json.number("bytes", static_cast<std::int64_t>(event.bytes()));
    if (event.stack() != 0) json.number("stack", event.stack());
  } else if (kind == TraceKind::LinkRead || kind == TraceKind::LinkWrite) {
    json.address("to", event.detail);
  } else if (kind != TraceKind::LetGo) {
    json.number("count", static_cast<std::int64_t>(event.detail));
  }
  json.end_object();
  file.add(sink);
}

}  // namespace

bool write_trace_dump(int fd, const TraceRings& rings, const StackDepot& depot) noexcept {
  LineFile file(fd);
  write_head(file);
  write_modules(file);
  Merge merge;
  References references(file, depot);
  if (!references.start()) return false;
  const bool started = merge.start(rings);
  TraceEvent event;
  while (started && merge.take(event)) {
    references.write_for(event);
    write_event(file, event);
  }
  if (started) merge.finish();
  references.finish();
  file.flush();
  return started && file.good();
}

}  // namespace hakmem
