#include <fmt/format.h>

#include "tools/plain_text.h"
#include "tools/render.h"

namespace hakmem::tools {
namespace {

constexpr const char* kSuite = "hakmem";

std::string program_of(const Finding& finding, const Report& report) {
  if (finding.processes.empty()) return kSuite;
  const std::string& program = report.processes[finding.processes.front()].program;
  return program.empty() ? kSuite : file_name_of(program);
}

std::string finding_case(const Finding& finding, const Report& report) {
  const std::string ours = finding.ours ? std::string(kOurBug) + ' ' : std::string{};
  return fmt::format(
             "    <testcase classname=\"{}\" name=\"{} {} ({})\" time=\"0\">\n"
             "      <failure type=\"{}\" message=\"{}\">",
             markup(program_of(finding, report)), finding.id, markup(finding.kind), finding.dedup,
             finding.id, markup(ours + finding.sentence)) +
         markup_lines(render_text(finding, report)) + "</failure>\n    </testcase>\n";
}

std::string trouble_case(const std::string& trouble) {
  return fmt::format(
      "    <testcase classname=\"{}\" name=\"run\" time=\"0\">\n"
      "      <error type=\"run\" message=\"{}\"/>\n"
      "    </testcase>\n",
      kSuite, markup(trouble));
}

}  // namespace

std::string render_junit(const Report& report) {
  std::string cases;
  for (const Finding& finding : report.findings) cases += finding_case(finding, report);
  for (const std::string& trouble : report.troubles) cases += trouble_case(trouble);
  if (cases.empty()) {
    cases = fmt::format("    <testcase classname=\"{}\" name=\"no heap errors\" time=\"0\"/>\n",
                        kSuite);
  }
  const std::size_t failures = report.findings.size(), errors = report.troubles.size();
  const std::size_t tests = failures + errors == 0 ? 1 : failures + errors;
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\"", tests, failures, errors);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites {0}>\n"
      "  <testsuite name=\"{1}\" {0} skipped=\"0\" time=\"0\">\n"
      "{2}"
      "  </testsuite>\n"
      "</testsuites>\n",
      counts, kSuite, cases);
}

}  // namespace hakmem::tools
