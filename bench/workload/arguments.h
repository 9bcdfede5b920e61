// Arguments of a mode: key=value words with defaults, so that a run's line tells all of its input.
// Called by main and by every mode before its timed part. Invariant: a word that a mode does not
// know, or a value out of its range, is an error; nothing is taken silently.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/workload/block.h"

namespace hakmem::bench {

struct Parameter {
  std::string_view name;
  std::string_view default_value;
  std::string_view help;
};

/// A mistake in the command line; main prints it and exits with 64.
class BadArgument : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Arguments {
 public:
  /// Takes `words` ("key=value") over the defaults of `parameters`; throws BadArgument.
  Arguments(std::span<const Parameter> parameters, std::span<const std::string> words);

  /// Decimal number in [least, most]; throws BadArgument.
  std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most) const;
  const std::string& word(std::string_view name) const;

  /// In the order of the mode's parameter table, defaults included.
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// Most threads, blocks and bytes that a mode accepts: enough for any machine, and small enough
/// that a slip of the keyboard is an error instead of an hour of swapping.
inline constexpr std::uint64_t kThreadsMax = 256;
inline constexpr std::uint64_t kLiveMax = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kOpsMax = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kSeedMax = ~std::uint64_t{0};

struct SizeRange {
  std::size_t min_bytes;
  std::size_t max_bytes;
};

/// Reads `min` and `max` (or `size` for both); throws BadArgument when max < min.
SizeRange size_range(const Arguments& arguments);
std::size_t one_size(const Arguments& arguments);
unsigned thread_count(const Arguments& arguments);

/// Reads `touch`: stamp, pages or all.
Touch touch_kind(const Arguments& arguments);

}  // namespace hakmem::bench
