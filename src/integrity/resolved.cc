#include "integrity/resolved.h"

#include "base/text.h"
#include "integrity/symbolizer.h"

namespace hakmem {

namespace {

constexpr std::uint32_t kDedupFrames = 3;

// One report at a time: under the reporter, see report.h.
constinit ModuleTable modules{};
constinit Address pcs[ModuleTable::kPcsMax] = {};
constinit SymbolQuery queries[ModuleTable::kPcsMax] = {};
constinit SymbolLines answers{};
constinit ResolvedStack one_call{};

static_assert(ModuleTable::kPcsMax >=
              3 * kStackFramesMax + kFindingHistoryMax * kHistoryFramesMax);

/// Headers of the library and the compiler: code of theirs that was inlined into the program.
bool is_library_source(const char* file) noexcept {
  return starts_with(file, "/usr/include/") || starts_with(file, "/usr/lib/");
}

std::uint32_t gather(const StackTrace& stack, std::uint32_t at) noexcept {
  for (std::uint32_t i = 0; i < stack.count && i < kStackFramesMax; ++i) pcs[at++] = stack.pcs[i];
  return at;
}

/// Writes the frames of the pcs [begin, end), each with all functions inlined there.
void fill_stack(std::uint32_t begin, std::uint32_t end, ResolvedStack& out) noexcept {
  out.count = 0;
  for (std::uint32_t i = begin; i < end; ++i) {
    ResolvedFrame frame;
    frame.pc = pcs[i];
    frame.module = modules.module_of(i);
    frame.offset = queries[i].offset;
    bool named = false;
    for (std::uint32_t j = 0; j < answers.count; ++j) {
      const SymbolLine& line = answers.lines[j];
      if (line.query != i) continue;
      frame.function = line.function;
      frame.file = line.file;
      frame.line = line.line;
      frame.inlined = line.inlined;
      out.add(frame);
      named = true;
    }
    if (!named) out.add(frame);
  }
}

bool is_program_frame(const ResolvedFrame& frame) noexcept {
  return frame.module != nullptr && !frame.module->system;
}

/// The first frame of the program's own sources; else of its files; else null.
const ResolvedFrame* program_frame(const ResolvedStack& stack) noexcept {
  const ResolvedFrame* found = nullptr;
  for (std::uint32_t i = 0; i < stack.count; ++i) {
    const ResolvedFrame& frame = stack.frames[i];
    if (!is_program_frame(frame)) continue;
    if (!is_library_source(frame.file)) return &frame;
    if (found == nullptr) found = &frame;
  }
  return found;
}

/// 64-bit FNV-1a.
class Hash {
 public:
  void text(const char* s) noexcept {
    for (; *s != '\0'; ++s) byte(static_cast<unsigned char>(*s));
    byte(0);
  }
  void number(std::uint64_t n) noexcept {
    for (unsigned i = 0; i < 8; ++i) byte(static_cast<unsigned char>(n >> (8 * i)));
  }
  std::uint64_t value() const noexcept { return value_; }

 private:
  void byte(unsigned char b) noexcept { value_ = (value_ ^ b) * 0x100000001b3; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void add_stack(Hash& hash, const ResolvedStack& stack) noexcept {
  std::uint32_t used = 0;
  for (std::uint32_t i = 0; i < stack.count && used < kDedupFrames; ++i) {
    const ResolvedFrame& frame = stack.frames[i];
    if (!is_program_frame(frame)) continue;
    ++used;
    if (frame.function[0] != '\0' && frame.line != 0) {
      hash.text(frame.function);
      hash.text(file_name_of(frame.file));
      hash.number(frame.line);
    } else {
      hash.text(frame.module->name());
      hash.number(frame.offset);
    }
  }
  hash.number(used);
}

}  // namespace

const char* file_name_of(const char* path) noexcept {
  const char* name = path;
  for (; *path != '\0'; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

namespace {

/// The frame that says most about each call: the program's first one, else the first.
void fill_history(const FindingHistory& history, std::uint32_t begin,
                  ResolvedFinding& out) noexcept {
  for (std::uint32_t i = 0; i < history.count; ++i) {
    const std::uint32_t end = begin + history.calls[i].stack.count;
    fill_stack(begin, end, one_call);
    const ResolvedFrame* const frame = program_frame(one_call);
    out.history[i] = frame != nullptr ? *frame : one_call.count != 0 ? one_call.frames[0]
                                                                     : ResolvedFrame{};
    begin = end;
  }
}

}  // namespace

void resolve_finding(const Finding& finding, bool ask_symbolizer, std::uint64_t limit_ms,
                     ResolvedFinding& out) noexcept {
  const std::uint32_t detected_end = gather(finding.detected.stack, 0);
  const std::uint32_t freed_end = gather(finding.freed.stack, detected_end);
  const std::uint32_t allocated_end = gather(finding.allocated.stack, freed_end);
  std::uint32_t count = allocated_end;
  for (std::uint32_t i = 0; i < finding.history.count; ++i) {
    count = gather(finding.history.calls[i].stack, count);
  }
  modules.load(pcs, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Module* const module = modules.module_of(i);
    // pcs are return addresses: the call, and its line, is before it.
    queries[i] = {module, module != nullptr ? pcs[i] - 1 - module->bias : 0};
  }
  answers.count = 0;
  if (ask_symbolizer && count != 0) symbolize(queries, count, limit_ms, answers);
  fill_stack(0, detected_end, out.detected);
  fill_stack(detected_end, freed_end, out.freed);
  fill_stack(freed_end, allocated_end, out.allocated);
  fill_history(finding.history, allocated_end, out);
}

const ResolvedFrame* blamed_frame(const Finding& finding, const ResolvedFinding& stacks) noexcept {
  const ResolvedStack* order[] = {&stacks.detected, &stacks.freed, &stacks.allocated};
  // The write itself was not seen: whoever freed the block, or owns it, is nearest to it.
  if (finding.violation == Violation::kWriteAfterFree) {
    order[0] = &stacks.freed;
    order[1] = &stacks.detected;
  } else if (finding.violation == Violation::kLeak) {
    order[0] = &stacks.allocated;
    order[2] = &stacks.detected;
  }
  for (const ResolvedStack* stack : order) {
    if (const ResolvedFrame* frame = program_frame(*stack); frame != nullptr) return frame;
  }
  for (const ResolvedStack* stack : order) {
    if (stack->count != 0) return &stack->frames[0];
  }
  return nullptr;
}

std::uint64_t dedup_hash(const Finding& finding, const ResolvedFinding& stacks) noexcept {
  Hash hash;
  hash.number(static_cast<std::uint64_t>(id_of(finding.violation)));
  add_stack(hash, stacks.detected);
  add_stack(hash, stacks.freed);
  add_stack(hash, stacks.allocated);
  return hash.value();
}

void write_dedup_token(TextSink& sink, Violation violation, std::uint64_t hash) noexcept {
  sink.text("HK").decimal(static_cast<std::uint64_t>(id_of(violation))).character('-');
  sink.hex(hash, 16);
}

void write_summary(TextSink& sink, const Finding& finding, const ResolvedFinding& stacks) noexcept {
  sink.text("SUMMARY: HAKMEM: ");
  for (const char* kind = row_of(finding.violation).kind; *kind != '\0'; ++kind) {
    sink.character(*kind == ' ' ? '-' : *kind);
  }
  const ResolvedFrame* const frame = blamed_frame(finding, stacks);
  if (frame == nullptr) return;
  sink.character(' ');
  if (frame->line != 0) {
    sink.text(file_name_of(frame->file)).character(':').decimal(frame->line);
  } else if (frame->module != nullptr) {
    sink.text(frame->module->name()).text("+").address(frame->offset);
  } else {
    sink.address(frame->pc);
  }
  if (frame->function[0] != '\0') sink.text(" in ").text(frame->function);
}

}  // namespace hakmem
