#include "integrity/symbolizer.h"

#include "base/text_sink.h"
#include "os/os.h"
#include "os/os_process.h"

namespace hakmem {

namespace {

constexpr std::size_t kRequestBytes = 64 * kKiB;
constexpr std::size_t kAnswerBytes = 512 * kKiB;

constexpr const char* kSymbolizers[] = {
    "/usr/bin/llvm-symbolizer",    "/usr/bin/llvm-symbolizer-19", "/usr/bin/llvm-symbolizer-18",
    "/usr/bin/llvm-symbolizer-17", "/usr/bin/llvm-symbolizer-16", "/usr/bin/llvm-symbolizer-15",
    "/usr/bin/llvm-symbolizer-14", "/usr/bin/addr2line",          nullptr};
// Nothing of the program's: no LD_PRELOAD, no options of ours, no DEBUGINFOD_URLS to wait for.
constexpr const char* kEnvironment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", nullptr};

// One report at a time: under the reporter, see report.h.
constinit char request[kRequestBytes] = {};
constinit char answer[kAnswerBytes] = {};
constinit const char* const* symbolizers = kSymbolizers;

bool contains(const char* text, const char* word) noexcept {
  for (; *text != '\0'; ++text) {
    std::size_t i = 0;
    while (word[i] != '\0' && text[i] == word[i]) ++i;
    if (word[i] == '\0') return true;
  }
  return false;
}

/// Lines of a text, cut out in place.
class Lines {
 public:
  Lines(char* begin, char* end) noexcept : next_(begin), end_(end) {}

  /// The next whole line, NUL-terminated; null at the end. A line without its end is not whole.
  char* take() noexcept {
    char* const begin = next_;
    for (char* at = begin; at < end_; ++at) {
      if (*at != '\n') continue;
      *at = '\0';
      next_ = at + 1;
      return begin;
    }
    return nullptr;
  }
  /// The first character of the next line without taking it; NUL at the end.
  char peek() const noexcept { return next_ < end_ ? *next_ : '\0'; }

 private:
  char* next_;
  char* end_;
};

/// Cuts ":number" off the end of `text`; 0 when there is none.
std::uint32_t cut_number(char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  std::size_t digits = length;
  while (digits > 0 && text[digits - 1] >= '0' && text[digits - 1] <= '9') --digits;
  if (digits == 0 || text[digits - 1] != ':') return 0;  // addr2line's ":?" stays: no line
  std::uint32_t number = 0;
  for (std::size_t i = digits; i < length; ++i) {
    number = number * 10 + static_cast<std::uint32_t>(text[i] - '0');
  }
  text[digits - 1] = '\0';
  return number;
}

/// "file:line:column" (llvm-symbolizer) or "file:line (discriminator 3)", "file:?" (addr2line).
SymbolLine parse_line(std::uint32_t query, char* function, char* location, bool with_column,
                      bool inlined) noexcept {
  SymbolLine line{query, function, location, 0, inlined};
  for (char* at = location; *at != '\0'; ++at) {
    if (at[0] == ' ' && at[1] == '(') *at = '\0';
    if (*at == '\0') break;
  }
  if (with_column) cut_number(location);
  line.line = cut_number(location);
  if (function[0] == '?' && function[1] == '?') line.function = "";
  if (location[0] == '?' && location[1] == '?') line.file = "";
  if (line.line == 0) line.file = "";
  return line;
}

struct Conversation {
  const SymbolQuery* queries;
  std::uint32_t count;
  std::uint64_t deadline_ms;
  SymbolLines& out;
};

std::size_t ask(const char* const* argv, std::size_t request_bytes,
                std::uint64_t deadline_ms) noexcept {
  os::Child child;
  if (!os::spawn(argv, kEnvironment, child)) return 0;
  const std::size_t got =
      os::converse(child, request, request_bytes, answer, sizeof answer, deadline_ms);
  os::end_child(child);
  return got;
}

/// One process for all modules; each answer is pairs of lines and ends with an empty one.
void ask_llvm_symbolizer(const char* program, const Conversation& talk) noexcept {
  TextSink sink(request, sizeof request);
  for (std::uint32_t i = 0; i < talk.count; ++i) {
    if (talk.queries[i].module == nullptr) continue;
    sink.character('"').text(talk.queries[i].module->path).text("\" ");
    sink.address(talk.queries[i].offset).character('\n');
  }
  const char* const argv[] = {program, "--inlines", "--demangle", "--functions=linkage", nullptr};
  const std::size_t got = ask(argv, sink.size(), talk.deadline_ms);
  Lines lines(answer, answer + got);
  for (std::uint32_t i = 0; i < talk.count; ++i) {
    if (talk.queries[i].module == nullptr) continue;
    for (;;) {
      char* const function = lines.take();
      if (function == nullptr) return;
      if (*function == '\0') break;
      char* const location = lines.take();
      if (location == nullptr) return;
      talk.out.add(parse_line(i, function, location, true,
                              lines.peek() != '\n' && lines.peek() != '\0'));
    }
  }
}

/// addr2line knows one module a process. Each answer begins with its address.
/// The answers of earlier modules stay in `answer`, since the visitor keeps pointers into it.
std::size_t ask_addr2line(const char* program, const Module* module, std::size_t answer_used,
                          const Conversation& talk) noexcept {
  TextSink sink(request, sizeof request);
  for (std::uint32_t i = 0; i < talk.count; ++i) {
    if (talk.queries[i].module == module) sink.address(talk.queries[i].offset).character('\n');
  }
  const char* const argv[] = {program, "-a", "-f", "-C", "-i", "-e", module->path, nullptr};
  os::Child child;
  if (!os::spawn(argv, kEnvironment, child)) return answer_used;
  char* const begin = answer + answer_used;
  const std::size_t got = os::converse(child, request, sink.size(), begin,
                                       sizeof answer - answer_used, talk.deadline_ms);
  os::end_child(child);
  Lines lines(begin, begin + got);
  for (std::uint32_t i = 0; i < talk.count; ++i) {
    if (talk.queries[i].module != module) continue;
    if (lines.take() == nullptr) break;  // its address
    // A function's name never begins with "0"; the next answer's address does.
    while (lines.peek() != '0' && lines.peek() != '\0') {
      char* const function = lines.take();
      char* const location = function != nullptr ? lines.take() : nullptr;
      if (location == nullptr) return answer_used + got;
      const bool inlined = lines.peek() != '0' && lines.peek() != '\0';
      talk.out.add(parse_line(i, function, location, false, inlined));
    }
  }
  return answer_used + got;
}

void ask_addr2line_for_each_module(const char* program, const Conversation& talk) noexcept {
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < talk.count; ++i) {
    const Module* const module = talk.queries[i].module;
    bool first = module != nullptr;
    for (std::uint32_t j = 0; j < i && first; ++j) first = talk.queries[j].module != module;
    if (first && used < sizeof answer) used = ask_addr2line(program, module, used, talk);
  }
}

}  // namespace

void symbolize(const SymbolQuery* queries, std::uint32_t count, std::uint64_t limit_ms,
               SymbolLines& out) noexcept {
  out.count = 0;
  const char* const* program = symbolizers;
  while (*program != nullptr && !os::is_executable(*program)) ++program;
  if (*program == nullptr) return;
  const Conversation talk{queries, count, os::now_ms() + limit_ms, out};
  if (contains(*program, "addr2line")) {
    ask_addr2line_for_each_module(*program, talk);
  } else {
    ask_llvm_symbolizer(*program, talk);
  }
}

void set_symbolizers_for_test(const char* const* programs) noexcept {
  symbolizers = programs != nullptr ? programs : kSymbolizers;
}

}  // namespace hakmem
