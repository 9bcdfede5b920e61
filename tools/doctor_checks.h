// What `hakmem doctor` looks at, one function each. Called by cmd_doctor.cc and its test.
// Invariant: a check that is not fine carries a remedy; checks read, they never change the machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace hakmem::tools {

enum class Health { Ok, Warn, Fail };

struct CheckResult {
  Health health = Health::Ok;
  std::string what;    ///< a few words, lower case
  std::string detail;  ///< what was seen
  std::string remedy;  ///< empty when Ok
};

/// The library of `level` exists and a small program starts with it loaded.
CheckResult check_library(int level);
/// The programs that the runtime names functions with, in the folder where it looks for them.
CheckResult check_symbolizer(const std::filesystem::path& folder);
/// The library that level 4 captures stacks with, which it loads by name.
CheckResult check_unwinder();
CheckResult check_overcommit();
CheckResult check_address_space_limit();
CheckResult check_mapping_limit();
CheckResult check_huge_pages();
CheckResult check_ptrace();
CheckResult check_core_files();
/// Another malloc, or an old library of ours, in LD_PRELOAD.
CheckResult check_preload(const std::string& preload);
/// HAKMEM_OPTIONS, HAKMEM_INTEGRITY_LEVEL and misspelt HAKMEM_… variables of `environment`.
std::vector<CheckResult> check_variables(const std::vector<std::string>& environment);

/// The process `pid`: its library and level, memory and mappings. `proc` is /proc.
std::vector<CheckResult> check_process(const std::filesystem::path& proc, pid_t pid);

/// First line of a file of the kernel's, without the newline; empty when it cannot be read.
std::string first_line(const std::filesystem::path& file);

}  // namespace hakmem::tools
