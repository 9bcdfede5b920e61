// `hakmem doctor [PID]`: is this machine, or this process, fit for HAKMEM? One line a check.

#include <cstdlib>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "base/checks.h"
#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/doctor_checks.h"
#include "tools/environment.h"

namespace hakmem::tools {
namespace {

std::vector<CheckResult> check_machine() {
  std::vector<CheckResult> results;
  for (int level = 0; level <= kIntegrityLevelMax; ++level) results.push_back(check_library(level));
  results.push_back(check_symbolizer("/usr/bin"));
  results.push_back(check_unwinder());
  results.push_back(check_overcommit());
  results.push_back(check_address_space_limit());
  results.push_back(check_mapping_limit());
  results.push_back(check_huge_pages());
  results.push_back(check_ptrace());
  results.push_back(check_core_files());
  results.push_back(check_preload(variable_of_process("LD_PRELOAD")));
  for (CheckResult& result : check_variables(current_environment())) {
    results.push_back(std::move(result));
  }
  return results;
}

const char* word_for(Health health) {
  switch (health) {
    case Health::Ok:
      return "ok";
    case Health::Warn:
      return "warn";
    case Health::Fail:
      break;
  }
  return "fail";
}

int print_results(const std::vector<CheckResult>& results) {
  bool failed = false;
  for (const CheckResult& result : results) {
    failed = failed || result.health == Health::Fail;
    fmt::print("{:<4}  {:<18}  {}{}{}\n", word_for(result.health), result.what, result.detail,
               result.remedy.empty() ? "" : "; remedy: ", result.remedy);
  }
  return failed ? exit_code::kHakmemFailed : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto pid = std::make_shared<int>(0);
  CLI::App* command = app.add_subcommand("doctor", "Check this machine, or a running process");
  command->add_option("PID", *pid, "Look at this process instead of the machine")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  command->callback([pid, &action] {
    action = [pid] {
      return print_results(*pid == 0 ? check_machine() : check_process("/proc", *pid));
    };
  });
}

}  // namespace hakmem::tools
