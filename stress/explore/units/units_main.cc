// Runs the small protocols of subjects.cc through their interleavings: random and PCT schedules,
// then every one within bounds. Called by ctest, and by heap/mutants.py, whose options it has.
// Exit 0: nothing was found, 1: something was, 2: no such subject.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "explore/explorer.h"
#include "explore/heap/arena.h"
#include "explore/units/subjects.h"

extern "C" char __data_start, _end;  // NOLINT: the linker's names

namespace {

using units::Subject;

struct Arguments {
  std::string only = "all";
  std::uint64_t schedules = 20000, seed = 1, replay = 0, repeat = 0;
  bool brief = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return ++i < argc ? std::strtoull(argv[i], nullptr, 10) : 0; };
    if (word == "--workload" && i + 1 < argc) arguments.only = argv[++i];
    if (word == "--schedules") arguments.schedules = number();
    if (word == "--programs") number();  // a subject is one program
    if (word == "--seed") arguments.seed = number();
    if (word == "--replay") arguments.replay = number();
    if (word == "--repeat") arguments.repeat = number();
    if (word == "--brief") arguments.brief = true;
  }
  return arguments;
}

explore::Settings settings_for(const Arguments& arguments) {
  explore::Settings settings;
  settings.schedules = arguments.schedules;
  settings.first_seed = arguments.seed;
  return settings;
}

void print_finding(const Subject& subject, const explore::Settings& settings,
                   const explore::Report& report, bool brief) {
  std::printf("FOUND %s in %s by seed %llu after %llu schedules: %s\n", report.kind.c_str(),
              subject.name, static_cast<unsigned long long>(report.seed),
              static_cast<unsigned long long>(report.schedules), report.text.c_str());
  if (brief) return;
  const explore::Script script = minimise(subject.body, nullptr, settings, report);
  std::printf("%s", trace_of(subject.body, nullptr, settings, script).c_str());
}

/// True when nothing was found.
bool replay(const Subject& subject, const Arguments& arguments) {
  const explore::Settings settings = settings_for(arguments);
  const explore::Report first =
      replay_seed(subject.body, nullptr, settings, arguments.replay);
  std::uint64_t alike = 0;
  for (std::uint64_t i = 0; i < arguments.repeat; ++i) {
    const explore::Report again =
        replay_seed(subject.body, nullptr, settings, arguments.replay);
    alike += again.trace_hash == first.trace_hash && again.kind == first.kind ? 1u : 0u;
  }
  std::printf("replayed %llu of %llu times alike, trace hash %llx\n",
              static_cast<unsigned long long>(alike),
              static_cast<unsigned long long>(arguments.repeat),
              static_cast<unsigned long long>(first.trace_hash));
  if (first.found) print_finding(subject, settings, first, arguments.brief);
  return !first.found;
}

bool explore_one(const Subject& subject, const Arguments& arguments) {
  explore::Settings settings = settings_for(arguments);
  explore::Report report = explore::explore(subject.body, nullptr, settings);
  const auto random = static_cast<unsigned long long>(report.schedules);
  if (!report.found) {
    constexpr std::uint64_t kExhaustiveMax = 200000;
    settings.strategy.kind = explore::StrategyKind::Exhaustive;
    settings.strategy.preemptions_max = 2;
    settings.strategy.stale_max = 1;
    settings.schedules = kExhaustiveMax;
    report = explore::explore(subject.body, nullptr, settings);
  }
  if (report.found) {
    print_finding(subject, settings, report, arguments.brief);
    return false;
  }
  std::printf("%-12s nothing in %llu random and PCT schedules, nor in %llu with two preemptions "
              "and one stale read: %s\n",
              subject.name, random, static_cast<unsigned long long>(report.schedules),
              report.complete ? "all there are" : "not all there are");
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  explore_heap::set_up_arena();
  explore_heap::freeze_arena();
  explore::keep_state(&__data_start, static_cast<std::size_t>(&_end - &__data_start));
  bool known = false, sound = true;
  for (const Subject& subject : units::subjects()) {
    if (arguments.only != "all" && arguments.only != subject.name) continue;
    known = true;
    const bool ok = arguments.replay != 0 ? replay(subject, arguments)
                                          : explore_one(subject, arguments);
    sound = ok && sound;
  }
  if (!known) std::printf("no subject has the name %s\n", arguments.only.c_str());
  return !known ? 2 : sound ? 0 : 1;
}
