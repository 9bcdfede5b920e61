#include "tools/gate_result.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/shard.h"

namespace hakmem::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kForm = "hakmem-gate";
constexpr int kGateVersion = 1;
constexpr const char* kBenchGroup = "bench";  // compares with a baseline
constexpr std::array kStateNames = {"passed", "failed", "skipped", "measured"};

CheckState state_called(const std::string& name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (name == kStateNames[i]) return static_cast<CheckState>(i);
  }
  throw std::invalid_argument("unknown state '" + name + "'");
}

}  // namespace

GateCounts count_checks(const GateResult& result, std::string_view group) {
  GateCounts counts;
  for (const GateCheck& check : result.checks) {
    if (!group.empty() && check.group != group) continue;
    switch (check.state) {
      case CheckState::Passed: ++counts.passed; break;
      case CheckState::Failed: ++counts.failed; break;
      case CheckState::Skipped: ++counts.skipped; break;
      case CheckState::Measured: ++counts.measured; break;
    }
  }
  return counts;
}

std::vector<std::string> groups_of(const GateResult& result) {
  std::vector<std::string> groups;
  for (const GateCheck& check : result.checks) {
    if (std::find(groups.begin(), groups.end(), check.group) == groups.end()) {
      groups.push_back(check.group);
    }
  }
  return groups;
}

int exit_status_of(const GateResult& result) {
  const GateCounts counts = count_checks(result);
  if (counts.failed != 0) {
    const bool slower_only = counts.failed == count_checks(result, kBenchGroup).failed;
    return slower_only ? exit_code::kRegression : exit_code::kFinding;
  }
  return counts.passed + counts.measured != 0 ? 0 : exit_code::kFinding;
}

std::string gate_json(const GateResult& result) {
  Json checks = Json::array();
  for (const GateCheck& check : result.checks) {
    Json one = {{"group", check.group},
                {"name", check.name},
                {"state", kStateNames[static_cast<std::size_t>(check.state)]},
                {"seconds", check.seconds},
                {"order", check.order},
                {"reason", check.reason},
                {"command", check.command}};
    if (!check.facts.is_null()) one["facts"] = check.facts;
    checks.push_back(std::move(one));
  }
  const GateCounts counts = count_checks(result);
  Json json = {{"form", kForm},
               {"version", kGateVersion},
               {"kind", result.kind},
               {"subject", result.subject},
               {"passed", counts.passed},
               {"failed", counts.failed},
               {"skipped", counts.skipped},
               {"measured", counts.measured},
               {"checks", std::move(checks)}};
  if (!result.shards.empty()) json["shards"] = result.shards;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

GateResult parse_gate_result(const std::string& text, const std::string& file) {
  try {
    const Json json = Json::parse(text);
    if (json.at("form") != kForm || json.at("version") != kGateVersion) {
      throw std::invalid_argument("not of the form hakmem-gate, version 1");
    }
    GateResult result{json.at("kind").get<std::string>(), json.at("subject").get<std::string>(),
                      {},
                      json.value("shards", std::vector<std::string>())};
    for (const Json& one : json.at("checks")) {
      GateCheck check;
      check.group = one.at("group").get<std::string>();
      check.name = one.at("name").get<std::string>();
      check.state = state_called(one.at("state").get<std::string>());
      check.seconds = one.at("seconds").get<double>();
      check.order = one.at("order").get<std::uint64_t>();
      check.reason = one.at("reason").get<std::string>();
      check.command = one.at("command").get<std::string>();
      check.facts = one.value("facts", Json());
      if (!check.facts.is_null() && !check.facts.is_object()) {
        throw std::invalid_argument("facts are no object");
      }
      result.checks.push_back(std::move(check));
    }
    return result;
  } catch (const std::exception& error) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{}: this is no result of a gate: {}", file, error.what()));
  }
}

std::vector<GateResult> read_gate_results(const std::vector<std::string>& names) {
  std::vector<GateResult> results;
  for (const std::string& name : names) {
    std::ifstream in(name, std::ios::binary);
    std::ostringstream text;
    if (in.is_open() && !std::filesystem::is_directory(name)) text << in.rdbuf();
    const nlohmann::json json = nlohmann::json::parse(text.str(), nullptr, false);
    const bool ours = json.is_object() && json.contains("form") && json["form"] == kForm;
    if (!ours && results.empty()) return {};
    results.push_back(parse_gate_result(text.str(), name));
  }
  return results;
}

namespace {

/// In the order of the unsharded run; checks of one place stay as they are.
void sort_checks(std::vector<GateCheck>& checks) {
  std::vector<std::size_t> places(checks.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(checks[a].order, a) < std::pair(checks[b].order, b);
  });
  std::vector<GateCheck> sorted;
  for (const std::size_t place : places) sorted.push_back(std::move(checks[place]));
  checks = std::move(sorted);
}

/// Adds the shards of all; what is missing of their number is a failed check.
void merge_shards(const std::vector<GateResult>& results, GateResult& merged) {
  for (const GateResult& result : results) {
    merged.shards.insert(merged.shards.end(), result.shards.begin(), result.shards.end());
  }
  if (merged.shards.empty()) return;
  const std::uint64_t parts = parse_shard(merged.shards.front()).parts;
  std::vector<bool> here(parts);
  for (const std::string& text : merged.shards) {
    const Shard shard = parse_shard(text);
    if (shard.parts != parts) {
      throw CommandError(exit_code::kBadOption, fmt::format("{} and {} are no shards of one run",
                                                            merged.shards.front(), text));
    }
    here[shard.part - 1] = true;
  }
  for (std::uint64_t part = 1; part <= parts; ++part) {
    if (here[part - 1]) continue;
    GateCheck check;
    check.group = "shards";
    check.name = fmt::format("{}/{}", part, parts);
    check.state = CheckState::Failed;
    check.reason = "this part of the run is not among the results";
    check.command = fmt::format("the same command with --shard {}", check.name);
    check.order = UINT64_MAX;
    merged.checks.push_back(std::move(check));
  }
  merged.shards.clear();
}

}  // namespace

GateResult merge_gate_results(const std::vector<GateResult>& results) {
  GateResult merged{results.front().kind, results.front().subject, {}, {}};
  for (const GateResult& result : results) {
    if (result.kind != merged.kind || result.subject != merged.subject) {
      throw CommandError(exit_code::kBadOption,
                         fmt::format("results of {} {} and of {} {} are no shards of one run",
                                     merged.kind, merged.subject, result.kind, result.subject));
    }
    merged.checks.insert(merged.checks.end(), result.checks.begin(), result.checks.end());
  }
  sort_checks(merged.checks);
  const auto same = [](const GateCheck& a, const GateCheck& b) {
    return a.order == b.order && a.group == b.group && a.name == b.name;
  };
  const auto twice = std::adjacent_find(merged.checks.begin(), merged.checks.end(), same);
  if (twice != merged.checks.end()) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("{} {} is in two of the results: they are no shards of one run",
                                   twice->group, twice->name));
  }
  merge_shards(results, merged);
  return merged;
}

}  // namespace hakmem::tools
