#include "tools/run_plan.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/library_path.h"
#include "tools/option_list.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFolderPattern = "hk.%p";

bool is_writable_folder(const fs::path& folder) { return access(folder.c_str(), W_OK | X_OK) == 0; }

/// -o DIR, made if needed, absolute: the program may change its folder.
fs::path output_folder_of(const std::string& name) {
  std::error_code error;
  fs::create_directories(name, error);
  const fs::path folder = fs::absolute(name, error).lexically_normal();
  if (error || !is_writable_folder(folder)) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("the folder {} of -o cannot be written; name another", name));
  }
  return folder;
}

/// The value of `report=` for reports in `folder`; hk.PID is the runtime's to make.
std::string report_pattern(const fs::path& folder) {
  return literal_file_name(folder.string()) + '/' + std::string(kFolderPattern);
}

/// Where reports go when nobody said: the current folder, or /tmp's if that cannot be written or
/// named in an option. The runtime makes the report's folder only when it finds something.
fs::path default_report_folder() {
  std::error_code error;
  const fs::path current = fs::current_path(error);
  const bool nameable = report_pattern(current).size() < kOptionTextMax;
  if (!error && nameable && is_writable_folder(current)) return current;
  return fs::temp_directory_path(error);
}

}  // namespace

WorkFolder::WorkFolder() {
  std::error_code error;
  fs::path base = fs::temp_directory_path(error);
  if (error || !is_writable_folder(base)) base = "/tmp";
  std::string pattern = (base / "hakmem.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("no temporary folder in {}: {}; set TMPDIR to a writable folder",
                                   base.string(), strerror(errno)));
  }
  path_ = pattern;
}

WorkFolder::~WorkFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

RunPlan make_run_plan(const RunRequest& request, const std::string& inherited,
                      const fs::path& work_folder) {
  parse_option_list(inherited, "HAKMEM_OPTIONS");
  parse_option_list(request.options, "--options");
  std::string user_list = inherited;
  if (!request.options.empty()) {
    user_list += (user_list.empty() ? "" : ":") + request.options;
  }
  const Options user = parse_option_list(user_list, "HAKMEM_OPTIONS and --options");

  RunPlan plan;
  plan.verdict = work_folder / "verdict";
  plan.outer_verdict = expand_file_name(user.verdict.bytes, getpid());
  std::vector<OptionSetting> ours = {{"verdict", literal_file_name(plan.verdict.string())}};
  if (request.leaks) ours.push_back({"leaks", "1"});
  if (request.core) ours.push_back({"abort", "1"});
  if (!request.stack.empty()) ours.push_back({"stack", request.stack});
  if (!request.suppressions.empty()) {
    // Absolute: the program's children may run in other folders.
    const fs::path file = fs::absolute(request.suppressions).lexically_normal();
    ours.push_back({"suppressions", literal_file_name(file.string())});
  }
  if (request.exit_status) ours.push_back({"exitcode", std::to_string(*request.exit_status)});
  if (!request.output_folder.empty()) {
    plan.report_folder = output_folder_of(request.output_folder);
  } else if (user.report.empty()) {
    plan.report_folder = default_report_folder();
  } else if (request.outputs.any()) {
    throw CommandError(exit_code::kBadOption,
                       "--json, --sarif, --junit and --html need to know where reports go; use -o "
                       "DIR instead of report=");
  }
  if (!plan.report_folder.empty()) {
    ours.push_back({"report", report_pattern(plan.report_folder)});
  }
  plan.options = append_options(user_list, ours);
  parse_option_list(plan.options, "hakmem run");
  return plan;
}

std::string preload_value(const fs::path& library, const std::string& inherited,
                          const fs::path& work_folder) {
  fs::path named = library;
  if (library.string().find_first_of(" :$") != std::string::npos) {
    named = work_folder / library.filename();
    std::error_code error;
    fs::create_symlink(library, named, error);
    if (error) {
      throw CommandError(exit_code::kHakmemFailed,
                         fmt::format("{} cannot be named in LD_PRELOAD and not be linked to {}: {}",
                                     library.string(), named.string(), error.message()));
    }
  }
  std::string value = named.string();
  std::size_t begin = 0;
  while (begin < inherited.size()) {
    const std::size_t end = std::min(inherited.find_first_of(" :", begin), inherited.size());
    const std::string entry = inherited.substr(begin, end - begin);
    // Two mallocs of ours in one process would each see the other's blocks as foreign.
    if (!entry.empty() && !level_of_library(fs::path(entry).filename().string())) {
      value += ':' + entry;
    }
    begin = end + 1;
  }
  return value;
}

fs::path report_of(const RunPlan& plan, pid_t pid) {
  if (plan.report_folder.empty()) return {};
  return plan.report_folder / fmt::format("hk.{}", pid) / "report.json";
}

std::size_t program_begin(const CLI::App& command, const std::vector<std::string>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (word == "--") return i + 1;
    if (word.size() < 2 || word[0] != '-') return i;
    const bool is_long = word[1] == '-';
    const std::size_t equals = is_long ? word.find('=') : std::string::npos;
    const std::string name = is_long ? word.substr(0, equals) : word.substr(0, 2);
    const CLI::Option* option = command.get_option_no_throw(name);
    const bool takes_value = option != nullptr && option->get_items_expected_min() > 0;
    const bool value_attached = is_long ? equals != std::string::npos : word.size() > 2;
    if (takes_value && !value_attached) ++i;
  }
  return args.size();
}

}  // namespace hakmem::tools
