#include "tools/option_list.h"

#include <unistd.h>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

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

std::string expand_file_name(std::string_view pattern) {
  std::string name;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (next == '%' || next == 'p') {
      name += next == '%' ? "%" : std::to_string(getpid());
      ++i;
    } else {
      name += pattern[i];
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
