#include "tools/gate_target.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/library_path.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRemedy =
    "the gate's test programs are built in a checkout: `ci/hakmem gate …` does it";
constexpr std::chrono::seconds kListLimit{30};
constexpr double kProgramSeconds = 400, kOomSeconds = 900;
constexpr double kBenchSeconds = 3600;

/// One number for each depth.
template <class T>
T by_depth(GateDepth depth, T quick, T full, T nightly) {
  return depth == GateDepth::Quick ? quick : depth == GateDepth::Full ? full : nightly;
}

/// Collects the checks of one library.
class TargetPlan {
 public:
  TargetPlan(const TargetRequest& request, const GatePlaces& places)
      : request_(request), places_(places) {}

  void add_api();
  void add_properties();
  void add_operations();
  void add_stress();
  void add_oom();
  void add_programs();
  void add_speed();
  std::vector<PlannedCheck> take() { return std::move(plan_); }

 private:
  bool foreign() const {
    return !request_.library.empty() && !level_of_library(request_.library.filename().string());
  }
  /// Adds a check whose process has the library preloaded.
  PlannedCheck& add(const std::string& group, const std::string& name,
                    std::vector<std::string> argv);
  /// Adds a check whose program is told of the library and preloads it where it must.
  PlannedCheck& add_driver(const std::string& group, const std::string& name,
                           std::vector<std::string> argv);
  std::string program(const char* name) const { return (places_.stress / name).string(); }
  std::string script(const char* name) const {
    return (places_.sources / "stress" / name).string();
  }
  const std::string library() const { return request_.library.string(); }

  const TargetRequest& request_;
  const GatePlaces& places_;
  std::vector<PlannedCheck> plan_;
};

PlannedCheck& TargetPlan::add_driver(const std::string& group, const std::string& name,
                                     std::vector<std::string> argv) {
  PlannedCheck planned;
  planned.check.group = group;
  planned.check.name = name;
  planned.check.order = plan_.size();
  planned.argv = std::move(argv);
  plan_.push_back(std::move(planned));
  return plan_.back();
}

PlannedCheck& TargetPlan::add(const std::string& group, const std::string& name,
                              std::vector<std::string> argv) {
  PlannedCheck& planned = add_driver(group, name, std::move(argv));
  if (!request_.library.empty()) {
    planned.environment = {"HAKMEM_STRESS_LIBRARY=" + library(), "LD_PRELOAD=" + library()};
  }
  return planned;
}

/// The names of the API's checks, as the program lists them on the C library's malloc.
std::vector<std::string> listed_checks(const fs::path& program) {
  ChildSpec spec;
  spec.file = program;
  spec.args = {program.string(), "--list"};
  spec.environment = {"PATH=/usr/bin:/bin"};
  const Captured captured = capture_child(spec, kListLimit);
  std::vector<std::string> names;
  std::istringstream lines(captured.output);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  if (captured.end.kind != ProgramEnd::Kind::Exited || captured.end.value != 0 || names.empty()) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{} --list failed: {}", program.string(), captured.output));
  }
  return names;
}

void TargetPlan::add_api() {
  for (const std::string& name : listed_checks(program("api_semantics"))) {
    std::vector<std::string> argv = {program("api_semantics"), "--only", name};
    if (foreign()) argv.emplace_back("--foreign");
    add("api", name, std::move(argv));
  }
}

void TargetPlan::add_properties() {
  const int lists = by_depth(request_.depth, 100, 600, 5000);
  for (const char* name : {"InOrder", "OnThreadsInTurn", "OnThreadsAtOnce"}) {
    PlannedCheck& planned =
        add("properties", fmt::format("any_list_{}", name),
            {(places_.bin / "ops_target_properties").string(),
             fmt::format("--gtest_filter=Target.AnyListIsAnsweredCorrectly{}:*.MallocIs*", name)});
    planned.environment.push_back(
        fmt::format("RC_PARAMS=seed=7 max_size=200 max_success={}", lists));
    planned.environment.push_back("HAKMEM_OPS_FAILED=" + gate_folder().string());
    planned.limit_seconds = by_depth(request_.depth, 180, 900, 7200);
  }
}

void TargetPlan::add_operations() {
  const int seeds = by_depth(request_.depth, 2, 8, 40);
  for (const char* schedule : {"parallel", "ordered"}) {
    for (int seed = 1; seed <= seeds; ++seed) {
      std::vector<std::string> argv = {(places_.bin / "ops_stress").string(), "--seed",
                                       std::to_string(seed * 1000), "--rounds", "4"};
      if (std::string_view(schedule) == "ordered") {
        argv.insert(argv.end(), {"--operations", "4000", "--ordered"});
      }
      PlannedCheck& planned = add(
          "oracle", fmt::format("{}_from_seed_{}", schedule, seed * 1000), std::move(argv));
      planned.environment.push_back("HAKMEM_OPS_FAILED=" + gate_folder().string());
      planned.limit_seconds = 600;
    }
  }
}

void TargetPlan::add_stress() {
  const char* const seeds =
      by_depth(request_.depth, "42,123", "42,123,456,789,999,314,271,161",
               "42,123,456,789,999,314,271,161");
  for (const int size : {128, 256, 512, 1024, 2048, 4096}) {
    std::vector<std::string> argv = {program("random_mixed"), "--size-max", std::to_string(size),
                                     "--seeds", seeds};
    if (foreign()) argv.emplace_back("--foreign");
    add("stress", fmt::format("random_mixed_{}", size), std::move(argv)).limit_seconds = 600;
  }
  add("stress", "larson",
      {program("larson"), "--runs", by_depth(request_.depth, "3", "20", "200")})
      .limit_seconds = 1800;
  // It demands glibc's answers where C leaves them open; the api group has those of every malloc.
  if (!foreign()) add("stress", "size_matrix", {program("size_matrix")}).limit_seconds = 600;
}

void TargetPlan::add_oom() {
  const std::vector<int> some = {128, 512};
  const std::vector<int> all = {64, 80, 96, 128, 192, 256, 512, 1024};
  for (const char* kind : {"address_space", "strict_commit"}) {
    for (const int limit : request_.depth == GateDepth::Quick ? some : all) {
      add_driver("oom", fmt::format("{}_{}_mib", kind, limit),
                 {places_.python.string(), "-B", script("run_oom.py"), "--kind", kind, "--limit",
                  std::to_string(limit), "--program", program("oom"), "--library=" + library()})
          .limit_seconds = kOomSeconds;
    }
  }
}

void TargetPlan::add_programs() {
  const std::vector<const char*> some = {"python3", "sqlite3", "perl"};
  const std::vector<const char*> all = {"python3", "gxx",  "git",   "sqlite3", "perl",
                                        "node",    "bash", "redis", "gdb",     "cmake"};
  for (const char* name : request_.depth == GateDepth::Quick ? some : all) {
    add_driver("programs", name,
               {places_.python.string(), "-B", script("real_programs/real_programs.py"),
                "--subject", "0=" + library(), "--only", name})
        .limit_seconds = kProgramSeconds;
  }
}

/// The groups' ratios to the C library, from what `hakmem bench --json -` … wrote.
std::vector<GateCheck> figures_of(const std::string& file, const GateCheck& model) {
  std::ifstream in(file);
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  std::vector<GateCheck> checks;
  if (json.is_discarded() || !json.contains("groups")) return checks;
  for (const nlohmann::json& group : json["groups"]) {
    for (const auto& [allocator, figures] : group["allocators"].items()) {
      if (allocator == "glibc" || !figures["ratio"].is_number()) continue;
      GateCheck check = model;
      check.name = group["name"].get<std::string>();
      check.state = CheckState::Measured;
      check.seconds = 0;
      check.reason = fmt::format("time {:.2f} of glibc's", figures["ratio"].get<double>());
      if (figures["ratio_rss"].is_number()) {
        check.reason += fmt::format(", peak RSS {:.2f}", figures["ratio_rss"].get<double>());
      }
      checks.push_back(std::move(check));
    }
  }
  return checks;
}

void TargetPlan::add_speed() {
  if (request_.library.empty()) return;  // glibc to glibc
  const std::string file = (gate_folder() / "bench.json").string();
  std::vector<std::string> argv = {(places_.bin / "hakmem").string(), "bench",
                                   "--against",  "glibc",
                                   "--subject",  library(),
                                   "--json",     file};
  if (request_.depth != GateDepth::Nightly) argv.emplace_back("--quick");
  PlannedCheck& planned = add_driver("speed_and_rss", "bench", std::move(argv));
  planned.serial = true;
  planned.limit_seconds = kBenchSeconds;
  const GateCheck model = planned.check;
  planned.figures = [file, model](const std::string&) { return figures_of(file, model); };
}

}  // namespace

fs::path gate_folder() { return fs::absolute("hk.gate"); }

fs::path program_on_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder) / name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

fs::path checkout_folder() {
  // Beside the programs, CMake keeps the folder that it was given.
  std::ifstream cache(tool_directory().parent_path() / "CMakeCache.txt");
  const std::string key = "CMAKE_HOME_DIRECTORY:INTERNAL=";
  for (std::string line; std::getline(cache, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  throw CommandError(exit_code::kHakmemFailed, kRemedy);
}

GatePlaces find_gate_places() {
  GatePlaces places;
  places.bin = tool_directory();
  places.stress = places.bin.parent_path() / "stress";
  places.sources = checkout_folder();
  places.python = program_on_path("python3");
  for (const fs::path& needed :
       {places.stress / "api_semantics", places.stress / "oom", places.stress / "larson",
        places.stress / "random_mixed", places.stress / "size_matrix", places.bin / "ops_stress",
        places.bin / "ops_target_properties"}) {
    if (access(needed.c_str(), X_OK) == 0) continue;
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{} is not there; {}", needed.string(), kRemedy));
  }
  if (places.python.empty()) {
    throw CommandError(exit_code::kHakmemFailed, "python3 is not on the PATH; the checks of oom "
                                                 "and programs need it");
  }
  return places;
}

std::vector<PlannedCheck> plan_target(const TargetRequest& request, const GatePlaces& places) {
  TargetPlan plan(request, places);
  plan.add_api();
  plan.add_properties();
  plan.add_operations();
  plan.add_stress();
  plan.add_oom();
  plan.add_programs();
  plan.add_speed();
  return plan.take();
}

}  // namespace hakmem::tools
