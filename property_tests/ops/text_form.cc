#include "property_tests/ops/text_form.h"

#include <charconv>

#include <fmt/format.h>

#include "tools/nearest.h"

namespace hakmem::ops {

namespace {

constexpr std::string_view kFirstLine = "hkops 1";
constexpr std::size_t kQuoteMax = 40;

/// A word of the input as it can be shown: short, and without bytes that a terminal obeys.
std::string quoted(std::string_view word) {
  std::string shown;
  for (const char c : word.substr(0, kQuoteMax)) shown += c >= ' ' && c <= '~' ? c : '?';
  return fmt::format("'{}{}'", shown, word.size() > kQuoteMax ? "…" : "");
}

/// Takes the next word off the front of a line; empty at its end.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool read_number(std::string_view text, std::uint64_t max, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= max;
}

const VerbRow* row_called(std::string_view word) {
  for (const VerbRow& row : kVerbTable) {
    if (word == row.word) return &row;
  }
  return nullptr;
}

std::string nearest_verb(std::string_view word) {
  std::vector<std::string> words;
  for (const VerbRow& row : kVerbTable) words.emplace_back(row.word);
  return tools::nearest_name(std::string(word.substr(0, kQuoteMax)), words);
}

/// How an operation of a row is written, for messages.
std::string usage_of(const VerbRow& row) {
  std::string usage = row.word;
  if (row.has_block) usage += " bN";
  for (const char* name : {row.first, row.second}) {
    if (name[0] != '\0') usage += fmt::format(" {}=N", name);
  }
  return usage;
}

/// Reads `name=N` of a row; returns what is wrong, empty when nothing is.
std::string read_named(std::string_view word, const VerbRow& row, const char* name,
                       std::uint64_t& value) {
  const std::string prefix = std::string(name) + "=";
  if (!word.starts_with(prefix)) {
    return fmt::format("{} where {}N is expected; write `{}`", word.empty() ? "the end" :
                       quoted(word), prefix, usage_of(row));
  }
  const bool starts = row.verb == Verb::kThreadStart;
  const std::uint64_t max = starts ? kThreadMax - 1 : UINT64_MAX;
  if (read_number(word.substr(prefix.size()), max, value)) return {};
  return fmt::format("{} is no number from 0 to {}; write {}N with one", quoted(word), max,
                     prefix);
}

/// A word that is a letter and a number, as t2 and b17.
bool read_numbered(std::string_view word, char letter, std::uint32_t limit,
                   std::uint64_t& value) {
  return word.size() > 1 && word[0] == letter && read_number(word.substr(1), limit - 1, value);
}

/// Reads one operation's line; returns what is wrong, empty when nothing is.
std::string read_operation(std::string_view line, Operation& operation) {
  operation = {};
  std::string_view word = take_word(line);
  std::uint64_t number = 0;
  if (word.size() > 1 && word[0] == 't' && word[1] >= '0' && word[1] <= '9') {
    if (!read_numbered(word, 't', kThreadMax, number)) {
      return fmt::format("{} is no thread from t0 to t{}; write one", quoted(word),
                         kThreadMax - 1);
    }
    operation.thread = static_cast<std::uint16_t>(number);
    word = take_word(line);
  }
  const VerbRow* const row = row_called(word);
  if (row == nullptr) {
    return fmt::format("no operation is called {}; the nearest is '{}'", quoted(word),
                       nearest_verb(word));
  }
  operation.verb = row->verb;
  if (row->has_block) {
    word = take_word(line);
    if (!read_numbered(word, 'b', kBlockMax, number)) {
      return fmt::format("{} is no block from b0 to b{}; write `{}`", quoted(word), kBlockMax - 1,
                         usage_of(*row));
    }
    operation.block = static_cast<std::uint32_t>(number);
  }
  std::string wrong;
  if (row->first[0] != '\0') wrong = read_named(take_word(line), *row, row->first, operation.first);
  if (wrong.empty() && row->second[0] != '\0') {
    wrong = read_named(take_word(line), *row, row->second, operation.second);
  }
  if (!wrong.empty()) return wrong;
  word = take_word(line);
  if (word.empty()) return {};
  return fmt::format("{} is too much; write `{}`", quoted(word), usage_of(*row));
}

/// Reads `seed N` or `expect HKnnn`; returns what is wrong.
std::string read_heading(std::string_view name, std::string_view line, OperationList& list) {
  std::string_view value = take_word(line);
  if (!take_word(line).empty()) return fmt::format("one word too many behind {}; delete it", name);
  if (name == "seed") {
    if (read_number(value, UINT64_MAX, list.seed)) return {};
    return fmt::format("{} is no seed; write `seed N` with a number below 2^64", quoted(value));
  }
  std::uint64_t id = 0;
  if (value.starts_with("HK") && read_number(value.substr(2), 999, id) && id >= 100) {
    list.expect = static_cast<std::uint16_t>(id);
    return {};
  }
  return fmt::format("{} is no id; write `expect HK101`, or delete the line", quoted(value));
}

}  // namespace

std::string to_text(const Operation& operation) {
  const VerbRow& row = row_of(operation.verb);
  std::string text;
  if (operation.thread != 0) text += fmt::format("t{} ", operation.thread);
  text += row.word;
  if (row.has_block) text += fmt::format(" b{}", operation.block);
  if (row.first[0] != '\0') text += fmt::format(" {}={}", row.first, operation.first);
  if (row.second[0] != '\0') text += fmt::format(" {}={}", row.second, operation.second);
  return text;
}

std::string to_text(const OperationList& list) {
  std::string text(kFirstLine);
  text += '\n';
  if (list.seed != 0) text += fmt::format("seed {}\n", list.seed);
  if (list.expect != 0) text += fmt::format("expect HK{}\n", list.expect);
  for (const Operation& operation : list.operations) text += to_text(operation) + "\n";
  return text;
}

FormError from_text(std::string_view text, OperationList& list) {
  list = {};
  std::size_t number = 0;
  bool seen_first = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, std::min(line.find('#'), line.size()));
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (word.empty()) continue;
    std::string wrong;
    if (!seen_first) {
      seen_first = word == "hkops" && take_word(rest) == "1" && take_word(rest).empty();
      if (!seen_first) wrong = fmt::format("the first line must be `{}`; write it", kFirstLine);
    } else if (word == "seed" || word == "expect") {
      wrong = list.operations.empty()
                  ? read_heading(word, rest, list)
                  : fmt::format("'{}' stands behind an operation; move it up", word);
    } else {
      wrong = read_operation(line, list.operations.emplace_back());
      if (!wrong.empty()) list.operations.pop_back();
    }
    if (!wrong.empty()) return {fmt::format("line {}: {}", number, wrong)};
  }
  if (!seen_first) return {fmt::format("line 1: it is empty; begin with `{}`", kFirstLine)};
  return {};
}

}  // namespace hakmem::ops
