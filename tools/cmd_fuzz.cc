// `hakmem fuzz`: runs one of the fuzzers that lie beside this program, with the library it is for
// preloaded, and turns what it finds into a file for `hakmem replay`.

#include <unistd.h>

#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "base/checks.h"
#include "base/violation.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/interleave.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/duration.h"
#include "tools/environment.h"
#include "tools/fuzz_slices.h"
#include "tools/gate_render.h"
#include "tools/library_path.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

struct FuzzRequest {
  std::string kind = "ops";
  std::string target;
  std::string time = "60s";
  unsigned jobs = 1;
  std::string corpus;
  std::string minimize;
  std::string merge;
  std::uint64_t runs = 0;  ///< 0: as long as `time`
  std::uint64_t seed = 1;
  std::string shard = "1/1";
  std::string json;
};

/// A kind of input: the fuzzer's program and whether its inputs are operation lists.
struct FuzzKind {
  const char* name;
  const char* program;
  bool lists;
};
constexpr FuzzKind kKinds[] = {
    {"ops", "fuzz_ops_l0_tiny", true},
    {"ops4", "fuzz_ops_l4_product", true},
    {"free_gate", "fuzz_free_gate_l0_tiny", false},
    {"misuse", "fuzz_misuse", true},
    {"hkops", "fuzz_hkops", false},
    {"options", "fuzz_options", false},
};

const FuzzKind& kind_called(const std::string& name) {
  for (const FuzzKind& kind : kKinds) {
    if (name == kind.name) return kind;
  }
  throw CommandError(exit_code::kBadOption, "unknown kind '" + name + "'");
}

fs::path require_fuzzer(const FuzzKind& kind) {
  const fs::path program = tool_directory() / kind.program;
  std::error_code error;
  if (fs::exists(program, error)) return program;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} is not beside this program; fuzzers are built by clang alone: "
                                 "CXX=clang++-14 CC=clang-14 cmake -S . -B build-clang -G Ninja && "
                                 "ninja -C build-clang fuzzers hakmem, then "
                                 "build-clang/bin/hakmem fuzz",
                                 program.string()));
}

std::vector<std::string> arguments_of(const FuzzRequest& request, const FuzzKind& kind,
                                      const fs::path& artifacts) {
  std::vector<std::string> args = {kind.program,
                                   fmt::format("-artifact_prefix={}/", artifacts.string()),
                                   "-rss_limit_mb=4096", "-print_final_stats=1"};
  const std::string corpus = request.corpus.empty() ? "" : fs::absolute(request.corpus).string();
  if (!request.minimize.empty()) {
    args.insert(args.end(), {"-minimize_crash=1",
                             fmt::format("-max_total_time={}", seconds_of(request.time)),
                             fs::absolute(request.minimize).string()});
    return args;
  }
  if (!request.merge.empty()) {
    args.insert(args.end(), {"-merge=1", corpus, fs::absolute(request.merge).string()});
    return args;
  }
  args.push_back(fmt::format("-max_total_time={}", seconds_of(request.time)));
  if (request.jobs > 1) args.push_back(fmt::format("-fork={}", request.jobs));
  if (!corpus.empty()) args.push_back(corpus);
  return args;
}

void set_subject(ChildSpec& spec, const FuzzRequest& request, const FuzzKind& kind,
                 const fs::path& folder) {
  if (std::string(kind.name) != "misuse") return;
  const bool foreign = !request.target.empty();
  const fs::path library =
      foreign ? fs::absolute(request.target) : require_library(kIntegrityLevelMax);
  set_variable(spec.environment, "LD_PRELOAD", preload_value(library, "", folder));
  set_variable(spec.environment, "HAKMEM_INTEGRITY_LEVEL", std::to_string(kIntegrityLevelMax));
  set_variable(spec.environment, "HAKMEM_OPTIONS", "symbolize=0");
  if (foreign) set_variable(spec.environment, "HAKMEM_FUZZ_TARGET", "1");
}

/// Files that the fuzzer left, each also as text when it is a list; how many there are.
unsigned report_finds(const fs::path& artifacts, const FuzzRequest& request,
                      const FuzzKind& kind) {
  unsigned finds = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(artifacts)) {
    const std::string name = entry.path().filename().string();
    const bool is_find = name.starts_with("crash-") || name.starts_with("oom-") ||
                         name.starts_with("timeout-") || name.starts_with("leak-");
    if (!is_find || entry.path().extension() == ".hkops") continue;
    ++finds;
    fs::path shown = entry.path();
    ops::OperationList list;
    if (kind.lists && ops::read_file(entry.path(), list).ok()) {
      shown += ".hkops";
      // That fuzzer's inputs hold a schedule seed; what is written is the order that failed.
      if (std::string(kind.name).starts_with("ops")) list = ops::interleave(list, list.seed >> 1);
      if (!ops::write_file(shown, list).ok()) shown = entry.path();
      const std::string subject = !request.target.empty() ? "--malloc " + request.target
                                  : std::string(kind.name) == "ops"  ? "--level 0"
                                  : std::string(kind.name) == "ops4" ? "--level 4"
                                                                    : "--level 4 --misuse";
      fmt::print(stderr, "hakmem: found {}\nhakmem: replay: hakmem replay {} {}\n",
                 entry.path().string(), shown.string(), subject);
    } else {
      fmt::print(stderr, "hakmem: found {}\n", shown.string());
    }
  }
  return finds;
}

/// Where finds go: a folder of the user's, which others that fuzz in the same place share. It is
/// made when a fuzzer starts and gone again when the last one ends that found nothing.
class FindsFolder {
 public:
  FindsFolder() : path_(fs::absolute("hk.fuzz")) {
    constexpr int kTriesMax = 100;  // another may take the empty folder away between both steps
    for (int tries = 0; tries < kTriesMax && !fs::exists(mark_); ++tries) {
      fs::create_directories(path_);
      mark_ = path_ / fmt::format(".fuzzing.{}", ::getpid());
      std::ofstream(mark_).flush();
    }
    if (!fs::exists(mark_)) {
      throw CommandError(exit_code::kHakmemFailed, path_.string() + " cannot be written");
    }
  }
  ~FindsFolder() {
    std::error_code error;
    fs::remove(mark_, error);
    fs::remove(path_, error);  // only when it is empty
  }
  FindsFolder(const FindsFolder&) = delete;
  FindsFolder& operator=(const FindsFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_, mark_;
};

/// A fixed number of executions, or this machine's part of them.
int fuzz_slices(const FuzzRequest& request, const FuzzKind& kind) {
  SlicedFuzz sliced;
  sliced.shard = parse_shard(request.shard);
  GateOutputs outputs;
  outputs.json = request.json;
  prepare_gate_outputs(outputs);
  const WorkFolder work;
  ChildSpec subject;
  set_subject(subject, request, kind, work.path());
  sliced.kind = kind.name;
  sliced.program = require_fuzzer(kind);
  sliced.target = request.target.empty() ? "" : fs::absolute(request.target).string();
  sliced.environment = subject.environment;
  if (!request.corpus.empty()) sliced.corpus = fs::absolute(request.corpus);
  const FindsFolder finds;
  sliced.artifacts = finds.path();
  sliced.scratch = work.path();
  sliced.runs = request.runs;
  sliced.seed = request.seed;
  sliced.jobs = request.jobs;
  GateResult result = run_slices(sliced);
  if (!sliced.shard.is_whole()) result.shards = {request.shard};
  report_finds(finds.path(), request, kind);
  write_gate_outputs(outputs, result);
  if (request.json != "-") fmt::print("{}", render_gate_text(result));
  return exit_status_of(result);
}

int fuzz(const FuzzRequest& request) {
  // A foreign malloc can only be looked at from outside, which is what the misuse fuzzer does.
  const FuzzKind& kind = kind_called(request.target.empty() ? request.kind : "misuse");
  if (!request.merge.empty() && request.corpus.empty()) {
    throw CommandError(exit_code::kBadOption, "--merge needs --corpus DIR, which it merges into");
  }
  seconds_of(request.time);
  if (request.runs != 0) return fuzz_slices(request, kind);
  const WorkFolder work;
  ChildSpec spec;
  spec.file = require_fuzzer(kind);
  const FindsFolder folder;
  if (!request.corpus.empty()) fs::create_directories(request.corpus);
  spec.args = arguments_of(request, kind, folder.path());
  spec.environment = current_environment();
  set_subject(spec, request, kind, work.path());
  const ProgramEnd end = run_child(spec);
  const unsigned finds = report_finds(folder.path(), request, kind);
  if (finds != 0 && request.minimize.empty()) return exit_code::kFinding;
  if (end.kind == ProgramEnd::Kind::Exited && end.value == 0) return 0;
  if (!request.minimize.empty() && finds != 0) return 0;
  return finds != 0 ? exit_code::kFinding : exit_code::kHakmemFailed;
}

}  // namespace

void add_fuzz(CLI::App& app, Action& action) {
  auto request = std::make_shared<FuzzRequest>();
  CLI::App* command = app.add_subcommand("fuzz", "Run a fuzzer on the allocator, or on any malloc");
  command->footer(
      "Exit status: 0 nothing found, 89 found (files are in hk.fuzz/).\n"
      "Example: hakmem fuzz --time 5m --corpus my-corpus");
  command
      ->add_option("--kind", request->kind,
                   "ops, ops4: white box, level 0 or 4; free_gate: hostile pointers; misuse: each "
                   "is\nreported at level 4; hkops, options: parsers")
      ->check(CLI::IsMember({"ops", "ops4", "free_gate", "misuse", "hkops", "options"}))
      ->type_name("KIND");
  command->add_option("--target", request->target, "Another malloc's library, from outside")
      ->check(CLI::ExistingFile)
      ->type_name("LIB.so");
  command->add_option("--time", request->time, "How long: 60s, 5m, 2h")->type_name("TIME");
  command->add_option("--jobs", request->jobs, "Fuzzers at a time")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command->add_option("--corpus", request->corpus, "Inputs to begin with; new ones are added")
      ->type_name("DIR");
  command->add_option("--minimize", request->minimize, "Make the input that failed shorter")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->add_option("--merge", request->merge, "Add to --corpus what of DIR adds coverage")
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  CLI::Option* const runs =
      command->add_option("--runs", request->runs,
                          "So many executions instead of --time, in slices of 50000 with a seed "
                          "each;\nthe corpus stays as it is");
  runs->check(CLI::Range(1ul, 1'000'000'000'000ul))->type_name("N");
  command->add_option("--seed", request->seed, "Of the first slice")->needs(runs)->type_name("N");
  command
      ->add_option("--shard", request->shard,
                   "Part K of N of the slices; `hakmem report` merges the --json of all")
      ->needs(runs)
      ->type_name("K/N");
  command->add_option("--json", request->json, "The slices' results")->needs(runs)->type_name(
      "FILE");
  command->callback([request, &action] { action = [request] { return fuzz(*request); }; });
}

}  // namespace hakmem::tools
