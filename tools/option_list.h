// Lists of run-time options (key=value:key=value) as the command-line program makes them.
// Called by run and doctor. Invariant: what leaves here parses; later entries win, as in the
// runtime.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/options.h"

namespace hakmem::tools {

/// One option the tool sets itself; the value is plain text, escaping happens here.
struct OptionSetting {
  std::string name;
  std::string value;
};

/// The value with colons and backslashes kept from ending it.
std::string escape_option_value(std::string_view value);

/// `path` as a file-name option that the runtime expands to itself: % is doubled.
std::string literal_file_name(std::string_view path);

/// A file name with %p (`pid`), %h (host), %t (seconds since 1970), %q{VAR} and %% expanded, as the
/// runtime does it in its own file-name options.
std::string expand_file_name(std::string_view pattern, pid_t pid);

/// Parses `list`. Throws CommandError (64) that says which option is wrong and where it came from.
Options parse_option_list(const std::string& list, std::string_view source);

/// `base` (may be empty) followed by `more`, escaped.
std::string append_options(std::string base, const std::vector<OptionSetting>& more);

}  // namespace hakmem::tools
