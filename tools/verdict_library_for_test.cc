// Stands where a level's library would: writes the verdict lines that VERDICT_FOR_TEST holds, as
// the runtime does for its findings, from every process whose name VERDICT_PROGRAM_FOR_TEST gives.
// Preloaded by run_command_test. Lines in VERDICT_FOR_TEST: "exit_status HKid dedup". The report
// has a finding for each; it is left out when NO_REPORT_FOR_TEST is set.

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

/// Writes a report with one finding for each of the lines.
void write_report(const std::string& folder, const std::string& lines) {
  mkdir(folder.c_str(), 0755);
  FILE* report = fopen((folder + "/report.json").c_str(), "w");
  if (report == nullptr) abort();
  fprintf(
      report,
      "{\"schema_version\":1,\"tool\":\"hakmem\",\"level\":4,\"pid\":%d,\"program\":\"/bin/%s\","
      "\"time\":1,\"findings\":[",
      getpid(), program_invocation_short_name);
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    int status = 0;
    char id[8] = {}, dedup[32] = {};
    if (sscanf(lines.substr(begin, end - begin).c_str(), "%d %7s %31s", &status, id, dedup) != 3) {
      abort();
    }
    fprintf(report,
            "%s{\"id\":\"%s\",\"kind\":\"planted\",\"fault\":\"%s\",\"sentence\":\"Planted.\","
            "\"exit_code\":%d,\"events\":[],\"dedup\":\"%s\",\"summary\":\"SUMMARY: HAKMEM: x\"}",
            begin == 0 ? "" : ",", id, id[2] == '9' ? "hakmem" : "program", status, dedup);
    begin = end + 1;
  }
  fputs("]}\n", report);
  fclose(report);
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
  if (options.report.empty() || getenv("NO_REPORT_FOR_TEST") != nullptr) return;
  write_report(expand(options.report.bytes), text);
}

}  // namespace
