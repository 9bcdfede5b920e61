// Runs the litmus programs: every schedule and every allowed value, and compares the set of
// outcomes with the exact one. Called by ctest. With --hash it prints what a hundred seeds of each
// program do, as one number a program: equal in every process and from every compiler.
#include <cstdio>
#include <cstring>

#include "explore/explorer.h"
#include "explore/litmus/litmus.h"
#include "explore/runtime/silence.h"

namespace {

using explore::Report;
using explore::Settings;
using litmus::Case;

struct Run {
  const Case* test;
  std::set<std::string> outcomes;
};

void body(void* argument) {
  Run& run = *static_cast<Run*>(argument);
  run.test->reset();
  for (int& value : litmus::g_register) value = 0;
  for (const auto thread : run.test->threads) explore::spawn(thread, nullptr);
  explore::join_all();
  if (run.test->final != nullptr) run.test->final();
  const explore::Silence silence;
  std::string outcome;
  for (int i = 0; i < run.test->registers; ++i) {
    outcome += static_cast<char>('0' + litmus::g_register[i]);
  }
  run.outcomes.insert(outcome);
}

std::string join(const std::set<std::string>& outcomes) {
  std::string text;
  for (const std::string& outcome : outcomes) text += ' ' + outcome;
  return text.empty() ? " nothing" : text;
}

/// True when the program does exactly what it must.
bool holds(const Case& test) {
  Run run{&test, {}};
  Settings settings;
  settings.strategy.kind = explore::StrategyKind::Exhaustive;
  settings.strategy.preemptions_max = settings.strategy.stale_max = 1000;
  settings.schedules = 0;
  settings.learning = 0;
  settings.hang_seconds = 1;
  const Report report = explore::explore(body, &run, settings);
  std::string wrong;
  if (test.finding != nullptr) {
    if (!report.found || report.kind != test.finding) {
      wrong = std::string("no ") + test.finding + " was found";
    }
  } else if (report.found) {
    wrong = report.kind + ": " + report.text;
  } else if (!report.complete) {
    wrong = "the search is not complete";
  } else if (run.outcomes != test.outcomes) {
    wrong = "outcomes" + join(run.outcomes) + ", expected" + join(test.outcomes);
  }
  std::printf("%-24s %8llu schedules  %s%s%s\n", test.name,
              static_cast<unsigned long long>(report.schedules), wrong.empty() ? "ok" : "WRONG: ",
              wrong.c_str(), wrong.empty() && *test.remark != '\0' ? "  (stricter than C++)" : "");
  return wrong.empty();
}

void print_hash(const Case& test) {
  if (test.finding != nullptr && std::strcmp(test.finding, "hang") == 0) return;  // by the clock
  constexpr std::uint64_t kSeeds = 100;
  Run run{&test, {}};
  Settings settings;
  settings.learning = 4;
  std::uint64_t all = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Report report = explore::replay_seed(body, &run, settings, seed);
    all = all * 31 + report.trace_hash;
  }
  std::printf("%-24s %016llx\n", test.name, static_cast<unsigned long long>(all));
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const bool hash = argc > 1 && std::strcmp(argv[1], "--hash") == 0;
  const char* const only = argc > 1 && !hash ? argv[1] : nullptr;
  std::size_t run = 0, wrong = 0;
  std::vector<Case> cases = litmus::cases();
  cases.insert(cases.end(), litmus::lock_cases().begin(), litmus::lock_cases().end());
  for (const Case& test : cases) {
    if (only != nullptr && std::strcmp(only, test.name) != 0) continue;
    ++run;
    if (hash) {
      print_hash(test);
    } else if (!holds(test)) {
      ++wrong;
    }
  }
  if (hash) return 0;
  std::printf("%zu litmus programs, %zu wrong\n", run, wrong);
  if (run == 0) std::printf("no program of that name\n");
  return run != 0 && wrong == 0 ? 0 : 1;
}
