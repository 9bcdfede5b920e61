#include "tools/duration.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

unsigned seconds_of(const std::string& text) {
  std::size_t end = 0;
  unsigned long number = 0;
  if (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) != 0) {
    number = std::stoul(text.substr(0, 9), &end);
  }
  const std::string unit = text.substr(std::min(end, text.size()));
  const unsigned long scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60
                              : unit == "h"               ? 3600
                                                          : 0;
  if (end == 0 || number == 0 || scale == 0 || number > 1'000'000) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("'{}' is no time; write 60s, 5m or 2h", text));
  }
  return static_cast<unsigned>(number * scale);
}

}  // namespace hakmem::tools
