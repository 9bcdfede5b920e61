#include "integrity/suppressions.h"

#include "base/text.h"
#include "os/os.h"

namespace hakmem {

namespace {

constexpr int kAnyKind = 0;

struct Rule {
  int id = kAnyKind;
  const char* pattern = "";  ///< in rule_text
};

// Written once while there is one thread, read under the reporter.
constinit char rule_text[kSuppressionsBytesMax + 1] = {};
constinit Rule rules[kSuppressionsMax] = {};
constinit std::uint32_t rule_count = 0;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

/// What goes on without the program, or is ours: it would not help to be silent about it.
bool can_be_suppressed(const ViolationRow& row) noexcept {
  return row.fault == Fault::Program && row.violation != Violation::kPoisonCrash &&
         row.violation != Violation::kGuardHit;
}

/// The number of "HKnnn" that a rule may name; -1 for anything else, and then `what` says why.
int id_of_kind(const char* kind, const char*& what) noexcept {
  if (same_text(kind, "*")) return kAnyKind;
  if (same_text(kind, "leak")) return id_of(Violation::kLeak);
  what = "the kind must be HKnnn, leak or * (`hakmem explain` lists all)";
  if (kind[0] != 'H' || kind[1] != 'K') return -1;
  int number = 0, digits = 0;
  for (const char* c = kind + 2; *c != '\0'; ++c, ++digits) {
    if (*c < '0' || *c > '9' || digits == 3) return -1;
    number = number * 10 + (*c - '0');
  }
  for (const ViolationRow& row : kViolationTable) {
    if (id_of(row.violation) != number) continue;
    if (can_be_suppressed(row)) return number;
    what = "HK108, HK109 and HK9xx cannot be suppressed: the program cannot go on after them";
    return -1;
  }
  return -1;
}

/// One trimmed, NUL-terminated line; "" when it is a rule or empty, else what is wrong with it.
const char* parse_line(char* line) noexcept {
  if (*line == '\0' || *line == '#') return "";
  char* colon = line;
  while (*colon != '\0' && *colon != ':') ++colon;
  if (*colon == '\0') return "a rule is KIND:PATTERN, and there is no ':'";
  char* pattern = colon + 1;
  while (is_blank(*pattern)) ++pattern;
  while (colon != line && is_blank(colon[-1])) --colon;
  *colon = '\0';
  if (*pattern == '\0') return "the pattern is empty; * fits everything";
  if (rule_count == kSuppressionsMax) return "more than 1024 rules";
  const char* what = "";
  const int id = id_of_kind(line, what);
  if (id < 0) return what;
  rules[rule_count++] = {id, pattern};
  return "";
}

/// Glob match from the text's first character on: `*` any characters, `?` one. With `to_end` the
/// whole text has to fit, else as much as the pattern takes. Goes back to the last `*` alone, which
/// is enough.
bool fits_here(const char* pattern, const char* end, const char* text, bool to_end) noexcept {
  const char* star = nullptr;
  const char* resume = text;
  for (;;) {
    if (pattern == end && (!to_end || *text == '\0')) return true;
    if (pattern != end && *pattern == '*') {
      star = ++pattern;
      resume = text;
    } else if (pattern != end && *text != '\0' && (*pattern == '?' || *pattern == *text)) {
      ++pattern, ++text;
    } else if (star != nullptr && *resume != '\0') {
      pattern = star;
      text = ++resume;
    } else {
      return false;
    }
  }
}

/// Looks for the pattern anywhere in the text, unless it is tied to an end of it.
bool fits(const char* pattern, const char* text) noexcept {
  if (text[0] == '\0') return false;
  const bool from_begin = *pattern == '^';
  if (from_begin) ++pattern;
  const char* end = pattern;
  while (*end != '\0') ++end;
  const bool to_end = end != pattern && end[-1] == '$';
  if (to_end) --end;
  for (; *text != '\0'; ++text) {
    if (fits_here(pattern, end, text, to_end)) return true;
    if (from_begin) return false;
  }
  return false;
}

bool fits_stack(const char* pattern, const ResolvedStack& stack) noexcept {
  for (std::uint32_t i = 0; i < stack.count; ++i) {
    const ResolvedFrame& frame = stack.frames[i];
    if (fits(pattern, frame.function) || fits(pattern, frame.file)) return true;
    if (frame.module != nullptr && fits(pattern, frame.module->path)) return true;
  }
  return false;
}

}  // namespace

SuppressionError parse_suppressions(const char* text, std::size_t bytes) noexcept {
  rule_count = 0;
  if (bytes > kSuppressionsBytesMax) return {"the file is larger than 64 KiB", 0};
  for (std::size_t i = 0; i < bytes; ++i) {
    if (text[i] == '\0') return {"the file is no text: it has a NUL byte", 0};
    rule_text[i] = text[i];
  }
  rule_text[bytes] = '\0';
  char* line = rule_text;
  for (std::uint32_t number = 1; *line != '\0'; ++number) {
    char* end = line;
    while (*end != '\0' && *end != '\n') ++end;
    char* const next = *end == '\n' ? end + 1 : end;
    while (end != line && is_blank(end[-1])) --end;
    *end = '\0';
    while (is_blank(*line)) ++line;
    const char* const what = parse_line(line);
    if (what[0] != '\0') {
      rule_count = 0;
      return {what, number};
    }
    line = next;
  }
  return {};
}

SuppressionError load_suppressions(const char* path) noexcept {
  static char buffer[kSuppressionsBytesMax + 1];
  rule_count = 0;
  const int fd = os::open_file(path, os::OpenFor::Read);
  if (fd < 0) return {"the file cannot be opened", 0};
  std::size_t bytes = 0;
  long got = 0;
  while (bytes < sizeof buffer &&
         (got = os::read_some(fd, buffer + bytes, sizeof buffer - bytes)) > 0) {
    bytes += static_cast<std::size_t>(got);
  }
  os::close_file(fd);
  if (got < 0) return {"the file cannot be read", 0};
  return parse_suppressions(buffer, bytes);
}

bool has_suppressions() noexcept { return rule_count != 0; }

bool is_suppressed(const Finding& finding, const ResolvedFinding& stacks) noexcept {
  if (!can_be_suppressed(row_of(finding.violation))) return false;
  for (std::uint32_t i = 0; i < rule_count; ++i) {
    const Rule& rule = rules[i];
    if (rule.id != kAnyKind && rule.id != id_of(finding.violation)) continue;
    if (same_text(rule.pattern, "*")) return true;  // also what has no stack
    for (const ResolvedStack* stack : {&stacks.detected, &stacks.freed, &stacks.allocated}) {
      if (fits_stack(rule.pattern, *stack)) return true;
    }
  }
  return false;
}

}  // namespace hakmem
