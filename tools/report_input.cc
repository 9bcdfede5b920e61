#include "tools/report_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/plain_text.h"
#include "tools/report_parse.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kReportName = "report.json";
constexpr std::string_view kFolderPrefix = "hk.";

[[noreturn]] void fail(const fs::path& file, const std::string& why, const std::string& remedy) {
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{}: {}; {}", printable(file.string()), why, remedy));
}

/// Folders hk.9 and hk.10 in the order of their numbers.
bool by_number(const fs::path& a, const fs::path& b) {
  const std::string x = a.filename().string(), y = b.filename().string();
  return x.size() != y.size() ? x.size() < y.size() : x < y;
}

std::vector<fs::path> files_in_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> folders;
  fs::directory_iterator entry(folder, error);
  if (error) fail(folder, error.message(), "name a folder that can be read");
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with(kFolderPrefix)) {
      folders.push_back(entry->path());
    }
  }
  if (error) fail(folder, error.message(), "name a folder that can be read");
  std::sort(folders.begin(), folders.end(), by_number);
  folders.insert(folders.begin(), folder);
  std::vector<fs::path> files;
  for (const fs::path& candidate : folders) {
    const fs::path file = candidate / kReportName;
    if (fs::exists(file, error)) files.push_back(file);
  }
  return files;
}

}  // namespace

std::vector<fs::path> report_files_of(const fs::path& name) {
  std::error_code error;
  const fs::file_status status = fs::status(name, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
    fail(name, error ? error.message() : "is not there",
         "name a report.json, or the folder that was given to `hakmem run -o`");
  }
  return fs::is_directory(status) ? files_in_folder(name) : std::vector<fs::path>{name};
}

Report read_report(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  errno = 0;
  // An empty file sets failbit here, which is not an error of reading.
  if (in) text << in.rdbuf();
  if (!in.is_open() || in.bad()) {
    fail(file, errno != 0 ? strerror(errno) : "cannot be read",
         "name a report.json that can be read");
  }
  try {
    return parse_report(text.str(), file.string());
  } catch (const MalformedReport& error) {
    fail(file, fmt::format("this is no report of HAKMEM: {}", printable(error.what())),
         "name a report.json; if the run was killed while it wrote this one, run it again");
  }
}

std::vector<Report> read_reports(const std::vector<std::string>& names) {
  std::vector<Report> reports;
  std::set<fs::path> seen;
  for (const std::string& name : names) {
    for (const fs::path& file : report_files_of(name)) {
      std::error_code error;
      const fs::path real = fs::canonical(file, error);
      if (!error && !seen.insert(real).second) continue;
      reports.push_back(read_report(file));
    }
  }
  return reports;
}

}  // namespace hakmem::tools
