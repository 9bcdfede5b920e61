// Stands where a level's library would: writes the verdict lines that VERDICT_FOR_TEST holds, as
// the runtime does for its findings, from every process whose name VERDICT_PROGRAM_FOR_TEST gives.
// Preloaded by run_command_test. Lines in VERDICT_FOR_TEST: "exit_status HKid dedup".

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/options.h"

namespace {

/// `pattern` with %p replaced by this process's id.
std::string expand(std::string pattern) {
  const std::size_t at = pattern.find("%p");
  return at == std::string::npos ? pattern : pattern.replace(at, 2, std::to_string(getpid()));
}

[[gnu::constructor]] void write_verdict() {
  const char* findings = getenv("VERDICT_FOR_TEST");
  const char* program = getenv("VERDICT_PROGRAM_FOR_TEST");
  const char* list = getenv("HAKMEM_OPTIONS");
  if (findings == nullptr || program == nullptr || list == nullptr) return;
  if (strcmp(program, program_invocation_short_name) != 0) return;
  hakmem::Options options;
  if (!hakmem::parse_options(list, options).ok()) abort();
  FILE* verdict = fopen(options.verdict.bytes, "a");
  if (verdict == nullptr) abort();
  const std::string text = findings;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    fprintf(verdict, "%d %s\n", getpid(), text.substr(begin, end - begin).c_str());
    begin = end + 1;
  }
  fclose(verdict);
  if (options.report.empty()) return;
  const std::string folder = expand(options.report.bytes);
  mkdir(folder.c_str(), 0755);
  FILE* report = fopen((folder + "/report.json").c_str(), "w");
  if (report == nullptr) abort();
  fprintf(report, "{\"pid\": %d}\n", getpid());
  fclose(report);
}

}  // namespace
