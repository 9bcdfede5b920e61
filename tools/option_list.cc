#include "tools/option_list.h"

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
