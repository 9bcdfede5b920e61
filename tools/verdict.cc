#include "tools/verdict.h"

#include <charconv>
#include <optional>

#include "base/violation.h"

namespace hakmem::tools {
namespace {

constexpr int kFirstOwnFaultId = 900;

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// Takes the text up to the next space off `rest`.
std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return word;
}

std::optional<VerdictLine> parse_line(std::string_view line) {
  const auto pid = parse_number(take_word(line));
  const auto status = parse_number(take_word(line));
  const std::string_view id_word = take_word(line);
  if (!pid || !status || !id_word.starts_with("HK")) return std::nullopt;
  const auto id = parse_number(id_word.substr(2));
  if (!id || *id == 0 || *status == 0) return std::nullopt;
  return VerdictLine{*pid, *status, *id, std::string(line)};
}

}  // namespace

Verdict parse_verdict(std::string_view text) {
  Verdict verdict;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);
    if (line.empty()) continue;
    if (auto parsed = parse_line(line)) {
      verdict.lines.push_back(std::move(*parsed));
    } else {
      ++verdict.unreadable;
    }
  }
  return verdict;
}

int severity(const VerdictLine& line) {
  if (line.id >= kFirstOwnFaultId) return 3;
  return line.exit_status == exit_code::kLeakOnly ? 1 : 2;
}

const VerdictLine* worst_line(const Verdict& verdict) {
  const VerdictLine* worst = nullptr;
  for (const VerdictLine& line : verdict.lines) {
    if (worst == nullptr || severity(line) > severity(*worst)) worst = &line;
  }
  return worst;
}

int decide_exit_status(const Verdict& verdict, const ProgramEnd& end) {
  if (const VerdictLine* worst = worst_line(verdict)) return worst->exit_status;
  if (verdict.unreadable != 0) return exit_code::kHakmemFailed;
  switch (end.kind) {
    case ProgramEnd::Kind::TimedOut:
      return exit_code::kTimeout;
    case ProgramEnd::Kind::Signaled:
      return exit_code::kSignalBase + end.value;
    case ProgramEnd::Kind::Exited:
      break;
  }
  return end.value;
}

}  // namespace hakmem::tools
