#include "tools/shard.h"

#include <charconv>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"

namespace hakmem::tools {

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, part_error] = std::from_chars(text.data(), end, shard.part);
  const bool has_parts = part_error == std::errc{} && slash != end && *slash == '/';
  const auto [rest, parts_error] =
      has_parts ? std::from_chars(slash + 1, end, shard.parts)
                : std::from_chars_result{text.data(), std::errc::invalid_argument};
  if (parts_error != std::errc{} || rest != end || shard.part == 0 || shard.part > shard.parts) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("'{}' is no shard; write 1/4 for the first of four", text));
  }
  return shard;
}

}  // namespace hakmem::tools
