#include "tools/option_list.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {
namespace {

std::string host_name() {
  utsname names{};
  uname(&names);
  return names.nodename;
}

/// Takes "{VAR}" off `rest`; returns the variable's value, empty when it is not set.
std::string take_variable(std::string_view& rest) {
  const std::size_t end = rest.find('}');
  if (rest.empty() || rest[0] != '{' || end == std::string_view::npos) return {};
  const std::string name(rest.substr(1, end - 1));
  rest.remove_prefix(end + 1);
  const char* const value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

}  // namespace

std::string escape_option_value(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string literal_file_name(std::string_view path) {
  std::string literal;
  for (const char c : path) literal.append(c == '%' ? 2 : 1, c);
  return literal;
}

std::string expand_file_name(std::string_view pattern, pid_t pid) {
  std::string name;
  while (!pattern.empty()) {
    const char letter = pattern[0] == '%' && pattern.size() > 1 ? pattern[1] : '\0';
    if (letter == '\0') {
      name += pattern[0];
      pattern.remove_prefix(1);
      continue;
    }
    pattern.remove_prefix(2);
    switch (letter) {
      case '%':
        name += '%';
        break;
      case 'p':
        name += std::to_string(pid);
        break;
      case 'h':
        name += host_name();
        break;
      case 't':
        name += std::to_string(std::time(nullptr));
        break;
      case 'q':
        name += take_variable(pattern);
        break;
      default:
        name.append({'%', letter});
    }
  }
  return name;
}

Options parse_option_list(const std::string& list, std::string_view source) {
  Options options;
  const OptionError error = parse_options(list.c_str(), options);
  if (!error.ok()) {
    char sentence[256];
    describe(error, sentence, sizeof sentence);
    throw CommandError(exit_code::kBadOption, fmt::format("{}: {}", source, sentence));
  }
  return options;
}

std::string append_options(std::string base, const std::vector<OptionSetting>& more) {
  for (const OptionSetting& setting : more) {
    if (!base.empty()) base += ':';
    base += setting.name + '=' + escape_option_value(setting.value);
  }
  return base;
}

}  // namespace hakmem::tools
