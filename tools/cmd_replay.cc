// `hakmem replay FILE`: executes a file of operations on a level's library or any malloc, has every
// answer judged by the oracle, and says at which operation it went wrong.

#include <memory>

#include <fmt/format.h>

#include "base/checks.h"
#include "base/violation.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/gtest_form.h"
#include "property_tests/ops/text_form.h"
#include "tools/bisect_tier.h"
#include "tools/commands.h"
#include "tools/replay.h"

namespace hakmem::tools {
namespace {

struct ReplayArguments {
  ReplayRequest request;
  std::uint64_t until = 0;
  bool emit_gtest = false;
  bool bisect_level = false;
  bool bisect_tier = false;
  CLI::Option* until_option = nullptr;
};

/// The level from which on an id is reported; above all levels when there is no such id.
int level_of_id(int id) {
  for (const ViolationRow& row : kViolationTable) {
    if (id_of(row.violation) == id) return row.level;
  }
  return kIntegrityLevelMax + 1;
}

std::string subject_name(const ReplayRequest& request) {
  return request.malloc_library.empty() ? fmt::format("level {}", request.level)
                                        : request.malloc_library;
}

/// An identifier made of a file's name.
std::string test_name(const std::filesystem::path& file) {
  std::string name;
  bool upper = true;
  for (const char c : file.stem().string()) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9' && !name.empty();
    if (letter || digit) {
      name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    upper = !letter && !digit;
  }
  return name.empty() ? "Replay" : name;
}

void print_where(const ReplayRequest& request, const ReplayResult& result) {
  if (result.operation && *result.operation < request.list.operations.size()) {
    fmt::print(stderr, "hakmem: operation {} ({}): {}\n", *result.operation,
               ops::to_text(request.list.operations[*result.operation]), result.what);
  } else {
    fmt::print(stderr, "hakmem: before the first operation: {}\n", result.what);
  }
  fmt::print(stderr, "hakmem: {}, seed {}, commit {}\nhakmem: replay: {}\n",
             subject_name(request), request.list.seed, ops::built_commit(),
             replay_command(request, result));
}

/// The file says what must be reported: 0 when it was, 89 when it was not.
int judge_expected(const ReplayRequest& request, const ReplayResult& result) {
  if (result.id == request.list.expect) {
    fmt::print("HK{} was reported in operation {}, as expected\n", result.id,
               result.operation.value_or(0));
    return 0;
  }
  print_where(request, result);
  fmt::print(stderr, "hakmem: HK{} was expected\n", request.list.expect);
  return exit_code::kFinding;
}

int run_once(const ReplayRequest& request) {
  const ReplayResult result = replay(request);
  const int expect = request.list.expect;
  const bool whole = !request.until;
  if (expect != 0 && whole && request.malloc_library.empty() &&
      level_of_id(expect) <= request.level) {
    return judge_expected(request, result);
  }
  if (result.exit_status != 0) {
    print_where(request, result);
    return result.exit_status;
  }
  fmt::print("{} operations executed, {} skipped, nothing found ({})\n", result.executed,
             result.skipped, subject_name(request));
  return 0;
}

int bisect_level(ReplayRequest request) {
  int lowest = -1;
  int status = 0;
  request.quiet = true;
  for (int level = 0; level <= kIntegrityLevelMax; ++level) {
    request.level = level;
    const ReplayResult result = replay(request);
    const bool failed = result.exit_status != 0;
    fmt::print("level {}  {}{}\n", level, result.what,
               failed && result.operation ? fmt::format(" in operation {}", *result.operation)
                                          : "");
    if (failed && lowest < 0) lowest = level;
    if (failed) status = exit_code::kFinding;
  }
  if (lowest < 0) {
    fmt::print("it fails at no level\n");
  } else {
    request.level = lowest;
    fmt::print("the lowest level that fails is {}: {}\n", lowest, replay_command(request, {}));
  }
  return status;
}

int run_replay(ReplayArguments arguments) {
  ReplayRequest& request = arguments.request;
  const ops::FormError error = ops::read_file(request.file, request.list);
  if (!error.ok()) throw CommandError(exit_code::kBadOption, error.sentence);
  if (arguments.until_option->count() != 0) request.until = arguments.until;
  if (arguments.emit_gtest) {
    if (request.until && *request.until + 1 < request.list.operations.size()) {
      request.list.operations.resize(*request.until + 1);
    }
    fmt::print("{}", ops::to_gtest(request.list, test_name(request.file)));
    return 0;
  }
  if (arguments.bisect_tier) return bisect_tier(request);
  return arguments.bisect_level ? bisect_level(request) : run_once(request);
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ReplayArguments>();
  ReplayRequest& request = arguments->request;
  CLI::App* command =
      app.add_subcommand("replay", "Execute a file of heap operations and judge every answer");
  command->footer(
      "Exit status: 0 clean, or reported what the file expects; 89 a wrong answer; else as run.\n"
      "Example: hakmem replay crash.hkops --level 4 --until 184213");
  command->add_option("FILE", request.file, "Operations, as text (.hkops) or bytes")->required();
  command->add_option("--level", request.level, "Integrity level, 0 to 4; 4 unless told")
      ->envname("HAKMEM_INTEGRITY_LEVEL")
      ->check(CLI::Range(0, kIntegrityLevelMax))
      ->type_name("N");
  CLI::Option* const library =
      command
          ->add_option("--malloc", request.malloc_library,
                       "Another malloc: the path of its library, or libc")
          ->check([](const std::string& name) {
            return name == "libc" ? "" : CLI::ExistingFile(name);
          })
          ->type_name("LIB.so");
  arguments->until_option =
      command->add_option("--until", arguments->until, "Stop behind operation SEQ (from 0)")
          ->type_name("SEQ");
  command->add_flag("--parallel", request.parallel,
                    "Threads run by themselves; without it one operation after another");
  command->add_flag("--misuse", request.misuse, "Execute misuse though no finding is expected");
  command
      ->add_option("-o", request.output_folder, "Put reports into DIR/hk.PID instead of ./hk.PID")
      ->type_name("DIR");
  command
      ->add_option("--observe", request.observed_file,
                   "Write what each operation did, a byte each: 1 skipped, 2 done, 3 refused")
      ->type_name("FILE");
  command->add_option("--timeout", request.timeout_seconds, "End it after SECONDS; status 124")
      ->check(CLI::Range(0.001, 1e7))
      ->type_name("SECONDS");
  CLI::Option* const emit = command->add_flag("--emit-gtest", arguments->emit_gtest,
                                              "Print a C++ test that makes the same calls");
  command->add_flag("--bisect-level", arguments->bisect_level,
                    "Execute it at every level; name the lowest that fails")
      ->excludes(library)
      ->excludes(emit);
  command->add_flag("--bisect-tier", arguments->bisect_tier,
                    "Execute it with each part of the allocator switched off; name those it needs")
      ->excludes(library)
      ->excludes(emit);
  command->add_option("--options", request.options, "Run-time options (see hakmem options)")
      ->type_name("K=V:K=V");
  command->callback([arguments, &action] {
    action = [arguments] { return run_replay(*arguments); };
  });
}

}  // namespace hakmem::tools
