#include "tools/page_runs.h"

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/violation.h"
#include "page_mode/page_placement.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/option_list.h"

namespace hakmem::tools {

namespace {

constexpr std::string_view kBoth = "both";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The finding that a verdict line names, equal for equal causes; the line itself if it names none.
std::string cause_of(const std::string& line) {
  const Verdict verdict = parse_verdict(line);
  if (verdict.lines.empty() || verdict.lines.front().dedup.empty()) return line;
  return verdict.lines.front().dedup;
}

/// The verdict so far; what a next run writes is its own.
std::string take_verdict(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::error_code error;
  std::filesystem::remove(file, error);
  return text.str();
}

ChildSpec with_page(ChildSpec spec, const RunPlan& plan, const std::string& page) {
  if (!page.empty()) {
    set_variable(spec.environment, "HAKMEM_OPTIONS",
                 append_options(plan.options, {{"page", page}}));
  }
  return spec;
}

bool was_interrupted(const ProgramEnd& end) {
  return end.kind == ProgramEnd::Kind::Signaled && (end.value == SIGINT || end.value == SIGTERM);
}

int badness(const ProgramEnd& end) {
  switch (end.kind) {
    case ProgramEnd::Kind::TimedOut:
      return 3;
    case ProgramEnd::Kind::Signaled:
      return 2;
    case ProgramEnd::Kind::Exited:
      break;
  }
  return end.value != 0 ? 1 : 0;
}

}  // namespace

void require_page_mode(const std::string& page, const std::string& options, int level) {
  constexpr int kPageModeLevel = 4;
  const Options parsed = parse_option_list(options, "hakmem run");
  PageSide side = PageSide::Off;
  if (!parse_page_side(parsed.page.bytes, side)) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("option page={} must be off, after or before; --page also takes "
                                   "both",
                                   parsed.page.bytes));
  }
  const bool wanted = page.empty() ? side != PageSide::Off : page != name_of(PageSide::Off);
  if (wanted && level != kPageModeLevel) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("page mode is a part of level 4, not of level {}", level));
  }
}

PageOutcome run_page_sides(const ChildSpec& spec, const RunPlan& plan, const std::string& page) {
  const bool both = page == kBoth;
  PageOutcome outcome;
  outcome.end =
      run_child(with_page(spec, plan, both ? name_of(PageSide::After) : page));
  outcome.verdict_text = take_verdict(plan.verdict);
  if (!both || was_interrupted(outcome.end)) return outcome;
  const ProgramEnd second = run_child(with_page(spec, plan, name_of(PageSide::Before)));
  outcome.end = worse_end(outcome.end, second);
  outcome.verdict_text = merge_verdicts(outcome.verdict_text, take_verdict(plan.verdict));
  return outcome;
}

std::string merge_verdicts(const std::string& first, const std::string& second) {
  std::set<std::string> known;
  std::string merged;
  for (const std::string& line : lines_of(first)) {
    known.insert(cause_of(line));
    merged += line + '\n';
  }
  for (const std::string& line : lines_of(second)) {
    if (!known.contains(cause_of(line))) merged += line + '\n';
  }
  return merged;
}

ProgramEnd worse_end(const ProgramEnd& first, const ProgramEnd& second) {
  return badness(second) > badness(first) ? second : first;
}

std::string hint_for(const ProgramEnd& end, const std::string& page, const std::string& options) {
  const Options parsed = parse_option_list(options, "hakmem run");
  const std::string side = page.empty() ? parsed.page.bytes : page;
  const bool after = side == kBoth || side == name_of(PageSide::After);
  const bool crashed = end.kind == ProgramEnd::Kind::Signaled &&
                       (end.value == SIGSEGV || end.value == SIGBUS || end.value == SIGABRT);
  if (!after || !crashed || parsed.page_align >= kMinAlignBytes) return {};
  return "in page mode a block's end is near its guard and its alignment less than malloc's 16 "
         "bytes; if the program relies on those, run it with --options page_align=16";
}

}  // namespace hakmem::tools
