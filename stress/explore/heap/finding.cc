#include "explore/heap/finding.h"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "explore/heap/workload.h"

namespace explore_heap {

namespace {

using explore::Report;
using explore::Settings;

std::string headline(const Subject& subject, const Report& report, std::uint64_t schedules) {
  return fmt::format("FOUND {} in {} by seed {} after {} schedules: {}\n", report.kind,
                     subject.name, report.seed, schedules, report.text);
}

/// What threads did, the commands that show it again, and the schedule without needless decisions.
std::string details(const Options& options, Subject& subject, const Report& report) {
  const Settings settings = settings_of(options);
  std::string text = to_text(subject.program);
  if (!is_exhaustive(options) && report.seed != 0) {
    text += fmt::format("  replay    {}{}{} --replay {}   (trace hash {:016x})\n", options.called,
                        subject.arguments, arguments_of(options, true), report.seed,
                        report.trace_hash);
  }
  Program& program = subject.program;
  const auto smallest = minimise(run_program, &program, settings, report);
  text += fmt::format("  schedule  {}{}{} --script '{}'\n", options.called, subject.arguments,
                      arguments_of(options, false),
                      smallest.empty() ? "none" : to_text(smallest));
  text += fmt::format("  {} decisions, {} of them needed\n", report.script.size(),
                      smallest.size());
  const Report again = replay_script(run_program, &program, settings, smallest);
  text += fmt::format("  with these: {}: {}\n\n{}", again.kind, again.text,
                      trace_of(run_program, &program, settings, smallest));
  return text;
}

/// Writes the finding beside earlier ones; returns the file's name, empty when it cannot be.
std::string keep(const std::string& folder, const Subject& subject, const Report& report,
                 const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string name = subject.name;
  for (char& c : name) {
    if (c == ':' || c == '/') c = '-';
  }
  const std::string path =
      fmt::format("{}/{}-{}-{}.txt", folder, report.kind, name, report.seed);
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return {};
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written ? path : std::string();
}

/// Goes through one schedule `repeat` times; true when every time was the same.
bool replays_alike(const Options& options, Program& program, const Report& first) {
  const Settings settings = settings_of(options);
  unsigned alike = 0;
  for (unsigned i = 0; i < options.repeat; ++i) {
    const Report again = replay_seed(run_program, &program, settings, options.replay);
    const bool same = again.found == first.found && again.kind == first.kind &&
                      again.trace_hash == first.trace_hash && again.steps == first.steps;
    alike += same ? 1u : 0u;
  }
  if (options.repeat != 0) {
    fmt::print("replayed {} of {} times alike, trace hash {:016x}\n", alike, options.repeat,
               first.trace_hash);
  }
  return alike == options.repeat;
}

}  // namespace

Subject subject_of(const Options& options, const Family& family, std::uint64_t number) {
  if (!options.hkops.empty()) {
    return {family.name, " --hkops " + options.hkops, family.make(number)};
  }
  const std::string name = fmt::format("{}:{}", family.name, number);
  return {name, " --protocol " + name, family.make(number)};
}

void show_finding(const Options& options, Subject& subject, const Report& report,
                  std::uint64_t schedules) {
  std::string text = headline(subject, report, schedules);
  if (!options.brief) text += details(options, subject, report);
  if (!options.artifacts.empty()) {
    const std::string path = keep(options.artifacts, subject, report, text);
    text += path.empty() ? fmt::format("\n  the folder {} cannot be written\n", options.artifacts)
                         : fmt::format("\n  kept as   {}\n", path);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int replay(const Options& options, Subject& subject) {
  prepare(subject.program);
  const Settings settings = settings_of(options);
  Report report;
  if (!options.script.empty()) {
    explore::Script script;
    if (options.script != "none" && !parse_script(options.script, script)) {
      fmt::print(stderr, "explore: --script: '{}' is no list of decisions like 1@12>2,2@7~1\n",
                 options.script);
      return kBadOption;
    }
    report = replay_script(run_program, &subject.program, settings, script);
  } else {
    report = replay_seed(run_program, &subject.program, settings, options.replay);
    if (!replays_alike(options, subject.program, report)) return kFound;
  }
  if (report.found) {
    show_finding(options, subject, report, 1);
    return kFound;
  }
  fmt::print("{}: nothing found in this schedule, {} schedule points, trace hash {:016x}\n",
             subject.name, report.steps, report.trace_hash);
  return 0;
}

}  // namespace explore_heap
